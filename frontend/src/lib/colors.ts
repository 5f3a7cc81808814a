/** Every run keeps one colour in every table, curve and legend: the Okabe-Ito order. */

const OKABE_ITO = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#F0E442", "#000000"] as const;
const BLACK_IN_DARK = "#E6E6E6";

export type Scheme = "light" | "dark";

export function runColor(index: number, scheme: Scheme): string {
  const color = OKABE_ITO[((index % 8) + 8) % 8] ?? OKABE_ITO[0];
  return visible(color, scheme);
}

/** Black of the palette would vanish on a dark page. */
export function visible(color: string, scheme: Scheme): string {
  if (scheme === "light") return color;
  if (/^(#000000|#000|black)$/i.test(color)) return BLACK_IN_DARK;
  return color.replace(/^rgba\(0, ?0, ?0, ?([\d.]+)\)$/, "rgba(230,230,230,$1)");
}

/** Background of a token by its KL: transparent at 0, full at `top` nats; sequential in one hue. */
export function heat(value: number | null | undefined, top: number, scheme: Scheme): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "transparent";
  const share = Math.min(1, Math.max(0, value) / Math.max(top, 1e-9));
  const strength = Math.sqrt(share) * (scheme === "dark" ? 0.75 : 0.8);
  return scheme === "dark" ? `rgba(214, 110, 40, ${strength.toFixed(3)})` : `rgba(213, 94, 0, ${strength.toFixed(3)})`;
}
