import { IconEyeOff, IconPinFilled } from "@tabler/icons-react";
import type { RunSummary } from "~/api/types";
import classes from "./RunsTable.module.css";
import type { RunsView } from "./useRunsView";

const MARKS = [
  { mark: "pinned", word: "Pinned to the top", Icon: IconPinFilled },
  { mark: "hidden", word: "Hidden from the curves", Icon: IconEyeOff },
] as const;

/** What the menu has done with the run in this view. */
export function RunMarks({ run, view }: { run: RunSummary; view: RunsView }) {
  return MARKS.filter(({ mark }) => view.marked[mark].has(run.id)).map(({ mark, word, Icon }) => (
    <span key={mark} className={classes.mark} title={word}>
      <Icon size={14} aria-hidden />
      <span className="visually-hidden">{word}</span>
    </span>
  ));
}
