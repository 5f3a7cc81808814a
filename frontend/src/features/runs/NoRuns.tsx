import { Empty } from "~/components/Empty";
import { ButtonLink } from "~/components/links";
import classes from "./RunsPage.module.css";

/** Before the first run. */
export function NoRuns() {
  return (
    <div className="card" style={{ minHeight: 280, display: "grid" }}>
      <Empty
        title="No runs yet"
        action={
          <div className={classes.emptyActions}>
            <ButtonLink to="/launch" search={{ preset: "demo-opd" }} size="sm">
              Launch the demo: OPD
            </ButtonLink>
            <ButtonLink to="/launch" search={{ preset: "demo-effopd" }} size="sm" variant="default">
              Launch the demo: EffOPD
            </ButtonLink>
          </div>
        }
      >
        A demo run distills a 0.3M-parameter model on this machine in about half a minute, and shows every picture that
        a large run would.
      </Empty>
    </div>
  );
}
