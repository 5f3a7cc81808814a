/** An axis of ratios: log, 1 in its middle, as far to either side as the farthest needs, in powers of two. */

const LEAST = 2;
const MOST = 64;

export interface LogAxis {
  /** Its ends, as in "1/8×" and "8×". */
  low: string;
  high: string;
  /** Per cent from the left; beyond an end: at it. Without bound (null): at the right end. */
  place: (ratio: number | null) => number;
}

/** An axis that holds all of the ratios that are numbers above 0; null without any. */
export function logAxis(ratios: readonly (number | null)[]): LogAxis | null {
  const sizes = ratios
    .filter((ratio) => ratio !== null && ratio > 0)
    .map((ratio) => Math.abs(Math.log2(Number(ratio))));
  if (sizes.length === 0) return null;
  const reach = Math.min(Math.log2(MOST), Math.max(Math.log2(LEAST), Math.ceil(Math.max(...sizes) - 1e-9)));
  const place = (ratio: number | null) => {
    const at = ratio === null ? reach : ratio > 0 ? Math.log2(ratio) : -reach;
    return 50 + (50 * Math.min(reach, Math.max(-reach, at))) / reach;
  };
  return { low: `1/${2 ** reach}×`, high: `${2 ** reach}×`, place };
}
