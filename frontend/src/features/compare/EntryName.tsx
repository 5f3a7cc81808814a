import type { Entry } from "~/api/types";
import { RunDot } from "~/components/RunBits";
import classes from "./ComparePage.module.css";

/** A run or group by colour and name; groups with the number of their runs. */
export function EntryName({ entry }: { entry: Entry }) {
  return (
    <span className={classes.runName}>
      <RunDot color={entry.color} /> {entry.name}
      {entry.is_group && <span className="soft">n = {entry.runs.length}</span>}
    </span>
  );
}
