/** Where the finite values of an axis begin and end. */
import type { Trace } from "./figure";
import { columnOf } from "./typedArrays";

export interface Extent {
  min: number;
  max: number;
}

/** null when no trace on the axis (for example "x" or "y2") has a finite number. */
export function extentOf(traces: readonly Trace[], letter: "x" | "y", axis: string): Extent | null {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const trace of traces) {
    if ((trace[`${letter}axis`] ?? letter) !== axis) continue;
    const column = columnOf(trace[letter]);
    for (let i = 0; i < column.length; i++) {
      const value = column[i];
      if (typeof value !== "number" || !Number.isFinite(value)) continue;
      if (value < min) min = value;
      if (value > max) max = value;
    }
  }
  return max >= min ? { min, max } : null;
}
