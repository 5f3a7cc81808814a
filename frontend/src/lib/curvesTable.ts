/** Lines as columns over their common x; marks that stand alone as rows. */
import { type Attributes, isPlain, type Trace } from "./figure";
import type { Cell, Table } from "./table";
import { columnOf, numbersOf } from "./typedArrays";

const BESIDE = /:(band|odd|lock|raw|first)$/;

export function curvesTable(traces: readonly Trace[], layout: Attributes): Table {
  const alone = traces.filter(({ mode, uid }) => mode === "markers" && !BESIDE.test(uid ?? ""));
  return alone.length > 0 ? marksTable(alone, layout) : linesTable(traces, layout);
}

interface Line {
  title: string;
  values: Map<number, Cell>;
}

function linesTable(traces: readonly Trace[], layout: Attributes): Table {
  const odd = new Map(traces.filter(({ uid }) => uid?.endsWith(":odd")).map((trace) => [trace.uid, trace]));
  const lines = traces.flatMap((trace) => linesOf(trace, odd));
  const xs = [...new Set(lines.flatMap(({ values }) => [...values.keys()]))].sort((a, b) => a - b);
  const taken = new Map<string, number>();
  const unique = (title: string) => {
    const times = (taken.get(title) ?? 0) + 1;
    taken.set(title, times);
    return times > 1 ? `${title} (${times})` : title;
  };
  return {
    caption: axisTitle(layout.yaxis) || "value",
    columns: [axisTitle(layout.xaxis) || "x", ...lines.map(({ title }) => unique(title))].map((title) => ({
      title,
      numeric: true,
    })),
    count: xs.length,
    row: (index) => {
      const x = xs[index];
      return x === undefined ? [] : [x, ...lines.map(({ values }) => values.get(x) ?? null)];
    },
  };
}

/** The columns of one trace: a line has one, a band two, marks beside a line none of their own. */
function linesOf(trace: Trace, odd: ReadonlyMap<string | undefined, Trace>): Line[] {
  const kind = BESIDE.exec(trace.uid ?? "")?.[1];
  const name = titleOf(trace);
  if (kind === "odd" || kind === "lock") return [];
  if (kind === "band") return bandOf(trace);
  const values = pairs(numbersOf(trace.x), numbersOf(trace.y));
  const marks = odd.get(`${trace.uid}:odd`);
  if (marks !== undefined) {
    const text = columnOf(marks.text);
    numbersOf(marks.x).forEach((x, index) => {
      values.set(x, String(text[index] ?? "not finite"));
    });
  }
  const title = kind === "raw" ? `${name}, not smoothed` : kind === "first" ? "first stored step" : name;
  return [{ title, values }];
}

/** There and back again: the upper edge from left to right, then the lower one from right to left. */
function bandOf(trace: Trace): Line[] {
  const x = numbersOf(trace.x);
  const y = numbersOf(trace.y);
  const half = x.length / 2;
  const name = titleOf(trace);
  const back = y.slice(half).reverse();
  return [
    { title: `${name}, highest`, values: pairs(x.slice(0, half), y.slice(0, half)) },
    { title: `${name}, lowest`, values: pairs(x.slice(0, half), back) },
  ];
}

function pairs(x: readonly number[], y: readonly number[]): Map<number, Cell> {
  return new Map(x.map((at, index) => [at, Number.isFinite(y[index]) ? (y[index] as number) : null]));
}

function titleOf(trace: Trace): string {
  const run = isPlain(trace.meta) && typeof trace.meta.run === "string" ? trace.meta.run : "";
  const name = trace.name ?? trace.uid ?? "line";
  return run === "" || run === name ? name : `${run}: ${name}`;
}

interface Mark {
  run: string;
  x: number;
  y: number;
  low: number | null;
  high: number | null;
  color: number | null;
  words: string[];
  details: string;
}

/** Marks at one place are one row: what became of a try is the names of all that stand there. */
function marksTable(traces: readonly Trace[], layout: Attributes): Table {
  const marks = new Map<string, Mark>();
  for (const trace of traces) for (const mark of marksOf(trace)) merge(marks, mark);
  const all = [...marks.values()].sort((a, b) => a.run.localeCompare(b.run) || a.x - b.x || a.y - b.y);
  const runs = new Set(all.map(({ run }) => run)).size > 1;
  const colored = all.some(({ color }) => color !== null);
  const bars = all.some(({ low }) => low !== null);
  const column = (title: string, numeric = true) => ({ title, numeric });
  return {
    caption: axisTitle(layout.yaxis) || "marks",
    columns: [
      ...(runs ? [column("run", false)] : []),
      column(axisTitle(layout.xaxis) || "x"),
      column(axisTitle(layout.yaxis) || "y"),
      ...(bars ? [column("lower end"), column("upper end")] : []),
      ...(colored ? [column(colorTitle(layout))] : []),
      column("what became of it", false),
      column("details", false),
    ],
    count: all.length,
    row: (index) => {
      const mark = all[index];
      if (mark === undefined) return [];
      return [
        ...(runs ? [mark.run] : []),
        mark.x,
        mark.y,
        ...(bars ? [mark.low, mark.high] : []),
        ...(colored ? [mark.color] : []),
        mark.words.join(", "),
        mark.details,
      ];
    },
  };
}

function marksOf(trace: Trace): Mark[] {
  const y = numbersOf(trace.y);
  const marker = isPlain(trace.marker) ? trace.marker : {};
  const colors = marker.coloraxis === undefined ? [] : numbersOf(marker.color);
  const bars = isPlain(trace.error_y) ? trace.error_y : {};
  const above = numbersOf(bars.array);
  const below = numbersOf(bars.arrayminus);
  const custom = columnOf(trace.customdata) as readonly unknown[];
  const run = isPlain(trace.meta) && typeof trace.meta.run === "string" ? trace.meta.run : "";
  return numbersOf(trace.x).map((x, index) => {
    const at = y[index] ?? Number.NaN;
    const details = Array.isArray(custom[index]) ? String((custom[index] as unknown[])[1] ?? "") : "";
    return {
      run,
      x,
      y: at,
      low: below[index] === undefined ? null : at - below[index],
      high: above[index] === undefined ? null : at + above[index],
      color: colors[index] ?? null,
      words: [trace.name ?? ""],
      details: details.replaceAll("<br>", "; ").replaceAll("&lt;", "<"),
    };
  });
}

function merge(marks: Map<string, Mark>, mark: Mark) {
  const key = `${mark.run} ${mark.x} ${mark.y}`;
  const known = marks.get(key);
  if (known === undefined) marks.set(key, mark);
  else {
    known.words.push(...mark.words);
    known.color ??= mark.color;
    known.details ||= mark.details;
  }
}

function axisTitle(axis: unknown): string {
  if (!isPlain(axis)) return "";
  const text = isPlain(axis.title) ? axis.title.text : axis.title;
  return typeof text === "string" ? text : "";
}

function colorTitle(layout: Attributes): string {
  const axis = isPlain(layout.coloraxis) && isPlain(layout.coloraxis.colorbar) ? layout.coloraxis.colorbar : {};
  return axisTitle(axis) || "colour";
}
