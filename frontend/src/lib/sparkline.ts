/** A small curve without axes: extended by live events, drawn as one path. */

export interface Line {
  steps: number[];
  values: (number | null)[];
}

const MOST_POINTS = 240;

/** The line with a newer point; the same line when the point is not newer. */
export function extended<T extends Line>(line: T, step: number, value: number | null): T {
  if (step <= (line.steps.at(-1) ?? -1)) return line;
  const longer = { steps: [...line.steps, step], values: [...line.values, value] };
  return { ...line, ...(longer.steps.length > MOST_POINTS ? thinned(longer) : longer) };
}

/** Minimum and maximum of every four points; what is not finite stays. */
function thinned({ steps, values }: Line): Line {
  const kept: number[] = [];
  for (let start = 0; start < steps.length; start += 4) {
    const indices = steps.slice(start, start + 4).map((_, offset) => start + offset);
    const finite = indices.filter((index) => values[index] !== null);
    const chosen = new Set(indices.filter((index) => values[index] === null));
    const at = (index: number) => values[index] ?? 0;
    if (finite.length > 0) {
      chosen.add(finite.reduce((best, index) => (at(index) < at(best) ? index : best)));
      chosen.add(finite.reduce((best, index) => (at(index) > at(best) ? index : best)));
    }
    kept.push(...indices.filter((index) => chosen.has(index)));
  }
  const last = steps.length - 1;
  if (kept.at(-1) !== last) kept.push(last);
  return { steps: kept.map((index) => steps[index] ?? 0), values: kept.map((index) => values[index] ?? null) };
}

export interface Drawing {
  path: string;
  /** Where a value is not finite. */
  marks: number[];
  /** The newest finite point. */
  end: { x: number; y: number } | null;
  low: number;
  high: number;
}

/** The line in a box of this size, y growing downwards; gaps stay gaps. */
export function drawn(
  line: Line,
  width: number,
  height: number,
  range?: readonly [number, number],
  margin = 3,
): Drawing | null {
  const finite = line.values.filter((value): value is number => value !== null);
  const first = line.steps[0];
  const last = line.steps.at(-1);
  if (finite.length === 0 || first === undefined || last === undefined) return null;
  const low = Math.min(...finite);
  const high = Math.max(...finite);
  const [bottom, top] = range ?? [low, high];
  const x = (step: number) => (last === first ? width : ((step - first) / (last - first)) * width);
  const y = (value: number) =>
    top === bottom ? height / 2 : margin + ((top - value) / (top - bottom)) * (height - 2 * margin);
  let path = "";
  let pen = "M";
  const marks: number[] = [];
  let end: Drawing["end"] = null;
  line.steps.forEach((step, index) => {
    const value = line.values[index] ?? null;
    if (value === null) {
      marks.push(round(x(step)));
      pen = "M";
      return;
    }
    end = { x: round(x(step)), y: round(y(value)) };
    path += `${pen}${end.x} ${end.y}`;
    pen = "L";
  });
  return { path, marks, end, low, high };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
