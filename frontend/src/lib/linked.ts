/** What pictures over the same x have in common: the x under the pointer, how often all was shown again, and values at a place. */
import { type Attributes, type Figure, isPlain, type Trace } from "./figure";
import { number } from "./format";
import { isEndLabel } from "./plotLabels";
import { createStore } from "./store";
import { columnOf } from "./typedArrays";

/** The place that the reader points at, in pictures of that group; null while the pointer is on none. */
export const pointedAt = createStore<{ group: string; x: number } | null>(null);

/** Counts how often the reader asked for all again; every zoom is from after the last time. */
export const resets = createStore(0);

export interface XRange {
  from: number;
  to: number;
}

/** The figure with the x axis at that range, or whole; what the reader zoomed himself is forgotten when `count` moves. */
export function atRange(figure: Figure, range: XRange | null, count: number): Figure {
  const { xaxis, yaxis } = figure.layout;
  const { range: _, uirevision: __, ...axis } = isPlain(xaxis) ? xaxis : {};
  const placed =
    range === null
      ? { ...axis, uirevision: `all ${count}` }
      : {
          ...axis,
          autorange: false,
          autorangeoptions: {},
          range: [range.from, range.to],
          uirevision: `${range.from} ${range.to}`,
        };
  return {
    ...figure,
    layout: {
      ...figure.layout,
      ...(range === null ? {} : { annotations: labelsInView(figure, range) }),
      xaxis: placed,
      yaxis: {
        ...(isPlain(yaxis) ? yaxis : {}),
        ...(range === null ? {} : heightsInView(figure, range)),
        uirevision: `all ${count}`,
      },
    },
  };
}

/** A name that stands at the end of its line stands at the last point in view. */
function labelsInView({ data, layout }: Figure, range: XRange): unknown[] {
  const notes = Array.isArray(layout.annotations) ? (layout.annotations as Attributes[]) : [];
  const log = isPlain(layout.yaxis) && layout.yaxis.type === "log";
  const height = (y: number) => (log ? Math.log10(y) : y);
  return notes.map((note) => {
    if (!isEndLabel(note)) return note;
    for (const trace of data) {
      const x = columnOf(trace.x);
      const y = columnOf(trace.y);
      if (!isLine(trace) || !isAt(note, Number(x.at(-1)), height(Number(y.at(-1))))) continue;
      let last = x.length - 1;
      while (last >= 0 && (!isBetween(Number(x[last]), range) || !Number.isFinite(height(Number(y[last]))))) last--;
      if (last >= 0) return { ...note, x: Number(x[last]), y: height(Number(y[last])) };
    }
    return note;
  });
}

function isAt(note: Attributes, x: number, y: number): boolean {
  return Number(note.x) === x && Math.abs(Number(note.y) - y) <= 1e-9 * Math.abs(y);
}

function isBetween(x: number, { from, to }: XRange): boolean {
  return x >= Math.min(from, to) && x <= Math.max(from, to);
}

const ROOM = 0.04;

/** The y axis ends where the lines in view do, and where the server says that it ends. */
function heightsInView({ data, layout }: Figure, range: XRange): { autorangeoptions?: object } {
  const axis = isPlain(layout.yaxis) ? layout.yaxis : {};
  const log = axis.type === "log";
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const trace of data) {
    if ((trace.yaxis ?? "y") !== "y") continue;
    const x = columnOf(trace.x);
    const y = columnOf(trace.y);
    for (let i = 0; i < y.length; i++) {
      const value = y[i];
      const at = Number(x[i]);
      if (typeof value !== "number" || !Number.isFinite(value) || (log && value <= 0) || !isBetween(at, range))
        continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (!(high > low)) return {};
  const told = isPlain(axis.autorangeoptions) ? axis.autorangeoptions : {};
  const room = log ? (high / low) ** ROOM : (high - low) * ROOM;
  const ends = log ? [low / room, high * room] : [low - room, high + room];
  return {
    autorangeoptions: {
      ...told,
      clipmin: Math.max(Number(ends[0]), Number(told.clipmin ?? Number.NEGATIVE_INFINITY)),
      clipmax: Math.min(Number(ends[1]), Number(told.clipmax ?? Number.POSITIVE_INFINITY)),
    },
  };
}

export interface ValueAt {
  name: string;
  color: string;
  x: number;
  y: number;
}

/** The value of every line that is drawn at the point nearest to x; bands, raw curves and marks at the edge are no lines. */
export function valuesAt(figure: Figure, x: number): ValueAt[] {
  return figure.data.flatMap((trace) => {
    if (!isLine(trace)) return [];
    const place = nearest(columnOf(trace.x), x);
    const at = Number(columnOf(trace.x)[place]);
    const y = columnOf(trace.y)[place];
    if (typeof y !== "number" || !Number.isFinite(y)) return [];
    const color = isPlain(trace.line) && typeof trace.line.color === "string" ? trace.line.color : "";
    return [{ name: trace.name ?? "", color, x: at, y }];
  });
}

function isLine(trace: Trace): boolean {
  return trace.hoverinfo !== "skip" && trace.yaxis !== "y2" && String(trace.mode).startsWith("lines");
}

function nearest(column: ArrayLike<unknown>, x: number): number {
  let best = -1;
  let distance = Number.POSITIVE_INFINITY;
  for (let i = 0; i < column.length; i++) {
    const far = Math.abs(Number(column[i]) - x);
    if (far < distance) [best, distance] = [i, far];
  }
  return best;
}

/** What is copied: a line of text per line of the picture. */
export function asText(title: string, values: readonly ValueAt[]): string {
  return values.map(({ name, x, y }) => `${title}\t${name}\t${number(x, 6)}\t${y}`).join("\n");
}

/** A vertical line where values are pinned. */
export function withPin(figure: Figure, x: number | null): Figure {
  if (x === null) return figure;
  const shapes = Array.isArray(figure.layout.shapes) ? figure.layout.shapes : [];
  const pin = {
    type: "line",
    xref: "x",
    yref: "y domain",
    x0: x,
    x1: x,
    y0: 0,
    y1: 1,
    line: { color: "#E8590C", width: 1.5 },
  };
  return { ...figure, layout: { ...figure.layout, shapes: [...shapes, pin] } };
}
