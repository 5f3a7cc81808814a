import { Empty } from "~/components/Empty";
import { ButtonLink } from "~/components/links";
import classes from "./HomePage.module.css";

/** A fresh installation: the next action. */
export function FirstRun() {
  return (
    <div className={`card ${classes.first}`}>
      <Empty
        title="Nothing has been launched yet"
        action={
          <div className={classes.firstActions}>
            <ButtonLink to="/launch" search={{ preset: "demo-effopd" }} size="sm">
              Launch the demo: EffOPD
            </ButtonLink>
            <ButtonLink to="/launch" search={{ preset: "demo-opd" }} size="sm" variant="default">
              Launch the demo: OPD
            </ButtonLink>
            <ButtonLink to="/launch" size="sm" variant="default">
              Set up a run of your own
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
