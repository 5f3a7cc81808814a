/** Sweeps as they are typed: seeds as ranges, values of a field as a list, a logarithmic grid. */
import type { Leaf } from "./configSchema";
import { numberText, typedNumber } from "./formSchema";

export interface Axis {
  path: string;
  text: string;
}

export type SweepValue = string | number | boolean | null;

const LONGEST_RANGE = 1000;

/** "0-4, 7" as numbers; null when it is no such list. */
export function seedsIn(text: string): number[] | null {
  const seeds: number[] = [];
  for (const part of text.split(",").map((piece) => piece.trim())) {
    if (part === "") continue;
    const match = /^(\d+)(?:\s*[-–]\s*(\d+))?$/.exec(part);
    if (match === null) return null;
    const [first, last] = [Number(match[1]), Number(match[2] ?? match[1])];
    if (last < first || last - first >= LONGEST_RANGE) return null;
    for (let seed = first; seed <= last; seed += 1) seeds.push(seed);
  }
  return seeds;
}

/** Seeds as they are typed: runs of neighbours become ranges. */
export function seedsText(seeds: readonly number[]): string {
  const parts: string[] = [];
  for (let start = 0; start < seeds.length; ) {
    let end = start;
    while (seeds[end + 1] === (seeds[end] as number) + 1) end += 1;
    parts.push(end > start + 1 ? `${seeds[start]}-${seeds[end]}` : seeds.slice(start, end + 1).join(","));
    start = end + 1;
  }
  return parts.join(",");
}

/** Comma-separated values of a field; what is no number stays text for the server to refuse. */
export function valuesIn(text: string, leaf: Pick<Leaf, "type" | "nullable"> | undefined): SweepValue[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map((part) => {
      if (leaf?.type === "choice") return part;
      if (leaf?.nullable && /^(none|null)$/i.test(part)) return null;
      if (/^(true|false)$/.test(part)) return part === "true";
      return typedNumber(part, false) ?? part;
    });
}

export function valuesText(values: readonly SweepValue[]): string {
  return values
    .map((value) => (value === null ? "none" : typeof value === "number" ? numberText(value) : value))
    .join(", ");
}

/** Points at equal ratios, ends included, to two significant digits. */
export function logGrid(from: number, to: number, points: number): number[] {
  if (!(from > 0) || !(to > 0) || points < 1) return [];
  if (points === 1) return [from];
  const ratio = Math.log(to / from) / (points - 1);
  const grid = Array.from({ length: points }, (_, index) => Number((from * Math.exp(ratio * index)).toPrecision(2)));
  return [...new Set(grid)];
}
