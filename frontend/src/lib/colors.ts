/** Every run keeps one colour and one shape in every table, curve and legend: the Okabe-Ito order. */

const OKABE_ITO = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#F0E442", "#000000"] as const;
const BLACK_IN_DARK = "#E6E6E6";

export type Scheme = "light" | "dark";

export function runColor(index: number, scheme: Scheme): string {
  const color = OKABE_ITO[((index % 8) + 8) % 8] ?? OKABE_ITO[0];
  return visible(color, scheme);
}

/** Shapes within 10 x 10, in the server's order (panels/look.py): runs of one colour have another one each. */
const SHAPES = [
  ["circle", "M5 .6a4.4 4.4 0 1 1 0 8.8a4.4 4.4 0 1 1 0-8.8z"],
  ["square", "M1 1h8v8h-8z"],
  ["triangle-up", "M5 .4l5 9h-10z"],
  ["triangle-down", "M5 9.6l-5-9h10z"],
  ["diamond", "M5 0l5 5l-5 5l-5-5z"],
  ["star", "M5 0l1.4 3.4l3.6.3l-2.8 2.4l.9 3.6l-3.1-1.9l-3.1 1.9l.9-3.6l-2.8-2.4l3.6-.3z"],
  ["cross", "M3.2 0h3.6v3.2h3.2v3.6h-3.2v3.2h-3.6v-3.2h-3.2v-3.6h3.2z"],
  ["triangle-right", "M9.6 5l-9 5v-10z"],
] as const;
const FIRST_SHAPES = [0, 1, 2, 4, 3, 6, 5, 7] as const;

/** The shape that a run has everywhere: its name, and its path. */
export function runShape(index: number): { name: string; path: string } {
  const place = ((index % 8) + 8) % 8;
  const [name, path] = SHAPES[((FIRST_SHAPES[place] ?? 0) + Math.floor(index / 8)) % 8] ?? SHAPES[0];
  return { name, path };
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
