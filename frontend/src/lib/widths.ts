/** Widths of columns that were changed by hand, in pixels by the column's name; in the URL as `name:240,state:120`. */

export type Widths = ReadonlyMap<string, number>;

export const NARROWEST = 48;
export const WIDEST = 800;

export function allowedWidth(width: number): number {
  return Math.round(Math.min(WIDEST, Math.max(NARROWEST, width)));
}

export function readWidths(text: string | undefined): Widths {
  const widths = new Map<string, number>();
  for (const part of (text ?? "").split(",")) {
    const at = part.lastIndexOf(":");
    const width = Number(part.slice(at + 1));
    if (at > 0 && part.length > at + 1 && Number.isFinite(width)) widths.set(part.slice(0, at), allowedWidth(width));
  }
  return widths;
}

export function writtenWidths(widths: Widths): string {
  return [...widths].map(([name, width]) => `${name}:${width}`).join(",");
}
