import { heat, type Scheme } from "./colors";

export type TokenMeasure = "kl" | "advantage";

interface Tokens {
  token_kl: readonly (number | null)[];
  token_advantage: readonly (number | null)[];
}

/** The end of the colour scale: the 98th percentile, so that one wild token does not pale the others. */
export function largest(samples: readonly Tokens[], measure: TokenMeasure): number {
  const sizes = samples
    .flatMap((sample) => valuesOf(sample, measure))
    .filter((value): value is number => value !== null && Number.isFinite(value))
    .map(Math.abs)
    .sort((a, b) => a - b);
  return sizes[Math.min(sizes.length - 1, Math.floor(sizes.length * 0.98))] ?? 0;
}

export function valuesOf(sample: Tokens, measure: TokenMeasure): readonly (number | null)[] {
  return measure === "kl" ? sample.token_kl : sample.token_advantage;
}

/** KL: one hue. Advantage: green where the teacher likes the token more than the student does, orange where less. */
export function tokenColor(
  value: number | null | undefined,
  measure: TokenMeasure,
  top: number,
  scheme: Scheme,
): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "transparent";
  if (measure === "kl" || value < 0) return heat(Math.abs(value), top, scheme);
  const strength = Math.sqrt(Math.min(1, value / Math.max(top, 1e-9))) * 0.7;
  return `rgba(0, 158, 115, ${strength.toFixed(3)})`;
}

/** A token as it can be seen: line ends and blanks get a sign. */
export function visibleToken(token: string): string {
  return token.replaceAll("\n", "⏎\n").replaceAll("\t", "⇥");
}

interface Judged {
  correct: boolean | null;
  truncated: boolean;
}

/** Whether a response is among those asked for. */
export function passes(sample: Judged, only: "all" | "wrong" | "cut"): boolean {
  if (only === "wrong") return sample.correct === false;
  return only === "all" || sample.truncated;
}

interface Prompted {
  prompt_id: string;
  prompt: string;
  answer: string | null;
}

/** A row per prompt, in the order in which they first come; a cell per list, undefined where the prompt is not in it. */
export function sampleRows<T extends Prompted>(lists: readonly (readonly T[])[]) {
  const rows = new Map<
    string,
    { prompt_id: string; prompt: string; answer: string | null; cells: (T | undefined)[] }
  >();
  lists.forEach((samples, column) => {
    for (const sample of samples) {
      const { prompt_id, prompt, answer } = sample;
      const row = rows.get(prompt_id) ?? { prompt_id, prompt, answer, cells: lists.map(() => undefined) };
      row.cells[column] ??= sample;
      rows.set(prompt_id, row);
    }
  });
  return [...rows.values()];
}

/** The wanted step, else the nearest earlier one, else the first; the last when none is wanted; null without steps. */
export function stepAtOrBefore(steps: readonly number[], wanted: number | null): number | null {
  if (wanted === null) return steps.at(-1) ?? null;
  return steps.findLast((step) => step <= wanted) ?? steps[0] ?? null;
}
