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
