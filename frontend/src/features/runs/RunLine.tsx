import type { ReactNode } from "react";
import type { RunRow } from "~/api/types";
import { RunLink } from "~/components/RunLink";
import { Cell, type Column } from "./cells";
import { RunMenu } from "./RunMenu";
import classes from "./RunsPage.module.css";

export interface RunLineProps {
  run: RunRow;
  columns: readonly Column[];
  row: number;
  style: React.CSSProperties;
  chosen: boolean;
  box: ReactNode;
}

/** A run as a row of the table. */
export function RunLine({ run, columns, row, style, chosen, box }: RunLineProps) {
  return (
    <div
      role="row"
      aria-rowindex={row + 2}
      className={classes.row}
      style={style}
      data-selected={chosen}
      data-testid={`run-row-${run.id}`}
    >
      <span role="cell">{box}</span>
      <span role="cell">
        <RunLink run={run} />
      </span>
      {columns.map((column) => (
        <span key={column.name} role="cell" data-align={column.numeric ? "right" : undefined} data-column={column.name}>
          <Cell run={run} column={column} />
        </span>
      ))}
      <span role="cell">
        <RunMenu run={run} />
      </span>
    </div>
  );
}
