/** The numbers of a figure as CSV, for people who draw their own. */
import type { Figure, Trace } from "./figure";
import { type Column, columnOf } from "./typedArrays";

export function figureToCsv(figure: Figure): string {
  const rows: unknown[][] = [["trace", "x", "y", "z"]];
  for (const trace of figure.data) rows.push(...rowsOf(trace));
  return `${rows.map((row) => row.map(cell).join(",")).join("\n")}\n`;
}

function rowsOf(trace: Trace): unknown[][] {
  const name = trace.name ?? trace.uid ?? trace.type ?? "";
  const x = columnOf(trace.x);
  const y = columnOf(trace.y);
  if (trace.z === undefined) {
    return Array.from({ length: Math.max(x.length, y.length) }, (_, i) => [name, x[i] ?? i, y[i] ?? i, ""]);
  }
  return Array.from(columnOf(trace.z) as ArrayLike<Column>).flatMap((values, row) =>
    Array.from(values as ArrayLike<unknown>, (value, column) => [name, x[column] ?? column, y[row] ?? row, value]),
  );
}

function cell(value: unknown): string {
  const text = value === null || value === undefined ? "" : String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
