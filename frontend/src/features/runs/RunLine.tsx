import type { ReactNode } from "react";
import type { RunRow } from "~/api/types";
import { RunLink } from "~/components/RunLink";
import { Cell, type Column } from "./cells";
import { RunMarks } from "./RunMarks";
import { RunMenu } from "./RunMenu";
import classes from "./RunsTable.module.css";
import type { RunsView } from "./useRunsView";
import type { Selection } from "./useSelection";

export interface RunLineProps {
  run: RunRow;
  columns: readonly Column[];
  row: number;
  style: React.CSSProperties;
  view: RunsView;
  selection: Selection;
  box: ReactNode;
}

/** A run as a row of the table. */
export function RunLine({ run, columns, row, style, view, selection, box }: RunLineProps) {
  return (
    <div
      role="row"
      aria-rowindex={row + 2}
      className={classes.row}
      style={style}
      data-selected={selection.has(run.id)}
      data-testid={`run-row-${run.id}`}
    >
      <span role="cell">{box}</span>
      <span role="cell">
        <RunLink run={run} />
        <RunMarks run={run} view={view} />
      </span>
      {columns.map((column) => (
        <span key={column.name} role="cell" data-align={column.numeric ? "right" : undefined} data-column={column.name}>
          <Cell run={run} column={column} />
        </span>
      ))}
      <span role="cell">
        <RunMenu run={run} view={view} selection={selection} />
      </span>
    </div>
  );
}
