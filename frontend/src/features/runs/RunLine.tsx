import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { RunRow } from "~/api/types";
import { RunDot } from "~/components/RunBits";
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
      <span role="cell" className={classes.name}>
        <RunDot color={run.color} />
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

export function RunLink({ run }: { run: RunRow }) {
  return (
    <Link
      to="/runs/$runId"
      params={{ runId: run.id }}
      title={run.name}
      data-row-link
      data-testid={`run-link-${run.id}`}
    >
      {run.name}
    </Link>
  );
}
