import { Link } from "@tanstack/react-router";
import type { RunSummary } from "~/api/types";
import { RunDot } from "./RunBits";
import classes from "./RunBits.module.css";

/** A run by colour and name, and the way to its page; the keys j and k walk over them. */
export function RunLink({ run: { id, name, color } }: { run: Pick<RunSummary, "id" | "name" | "color"> }) {
  return (
    <span className={classes.run}>
      <RunDot color={color} />
      <Link to="/runs/$runId" params={{ runId: id }} className="cut" title={name} data-row-link>
        {name}
      </Link>
    </span>
  );
}
