import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Empty } from "~/components/Empty";
import classes from "./RunsPage.module.css";

/** Before the first run. */
export function NoRuns() {
  return (
    <div className="card" style={{ minHeight: 280, display: "grid" }}>
      <Empty
        title="No runs yet"
        action={
          <div className={classes.emptyActions}>
            <Button component={Link} to="/launch" search={{ preset: "demo-opd" } as never} size="sm">
              Launch the demo: OPD
            </Button>
            <Button
              component={Link}
              to="/launch"
              search={{ preset: "demo-effopd" } as never}
              size="sm"
              variant="default"
            >
              Launch the demo: EffOPD
            </Button>
          </div>
        }
      >
        A demo run distills a 0.3M-parameter model on this machine in about half a minute, and shows every picture that
        a large run would.
      </Empty>
    </div>
  );
}
