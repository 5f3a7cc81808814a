import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Empty } from "~/components/Empty";
import classes from "./HomePage.module.css";

/** A fresh installation: the next action. */
export function FirstRun() {
  return (
    <div className={`card ${classes.first}`}>
      <Empty
        title="Nothing has been launched yet"
        action={
          <div className={classes.firstActions}>
            <Button component={Link} to="/launch" search={{ preset: "demo-effopd" } as never} size="sm">
              Launch the demo: EffOPD
            </Button>
            <Button component={Link} to="/launch" search={{ preset: "demo-opd" } as never} size="sm" variant="default">
              Launch the demo: OPD
            </Button>
            <Button component={Link} to="/launch" size="sm" variant="default">
              Set up a run of your own
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
