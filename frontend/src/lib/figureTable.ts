/** Every picture has its table: the numbers that a figure shows, read from its traces. */
import { curvesTable } from "./curvesTable";
import type { Attributes, Figure, Trace } from "./figure";
import { isPlain } from "./figure";
import type { Cell, Table, TableColumn } from "./table";
import { columnOf } from "./typedArrays";

/** The main table first; bars at a picture's edges are tables of their own. */
export function tablesOf({ data, layout }: Figure): Table[] {
  const heatmaps = data.filter(({ type }) => type === "heatmap");
  const bars = data.filter(({ type }) => type === "bar");
  const scatters = data.filter(({ type }) => type === undefined || type === "scatter");
  const main = heatmaps.length > 0 ? cellsTable(heatmaps, scatters, layout) : curvesTable(scatters, layout);
  return [main, ...bars.map(barTable)].filter(({ count }) => count > 0);
}

/** One row per coloured cell; decimal exponents become values again, and what is not finite is named. */
function cellsTable(heatmaps: readonly Trace[], scatters: readonly Trace[], layout: Attributes): Table {
  const named = new Set(heatmaps.map(({ name }) => name)).size > 1;
  const parts = heatmaps.map((trace) => cellsOf(trace, scatters));
  const keys = parts[0]?.keys ?? [];
  const rows = parts.map(({ count }) => count);
  return {
    caption: valueTitle(layout),
    columns: [
      ...(named ? [{ title: "run", numeric: false }] : []),
      ...keys,
      { title: valueTitle(layout), numeric: true },
    ],
    count: rows.reduce((sum, count) => sum + count, 0),
    row: (index) => {
      let within = index;
      let part = 0;
      while (within >= (rows[part] ?? 0) && part < rows.length - 1) within -= rows[part++] ?? 0;
      const cell = parts[part]?.row(within) ?? [];
      return named ? [heatmaps[part]?.name ?? "", ...cell] : cell;
    },
  };
}

interface Cells {
  keys: TableColumn[];
  count: number;
  row: (index: number) => Cell[];
}

function cellsOf(trace: Trace, scatters: readonly Trace[]): Cells {
  const x = columnOf(trace.x);
  const y = columnOf(trace.y);
  const z = columnOf(trace.z) as ArrayLike<ArrayLike<unknown>>;
  const meta = isPlain(trace.meta) ? trace.meta : {};
  const odd = marksOn(trace, scatters);
  const value = (row: number, column: number): Cell => {
    const mark = odd.get(`${x[column]} ${y[row]}`);
    if (mark !== undefined) return mark;
    const drawn = z[row]?.[column];
    if (typeof drawn !== "number" || !Number.isFinite(drawn)) return meta.log === true ? 0 : null;
    return meta.log === true ? 10 ** drawn : drawn;
  };
  const details = Array.isArray(trace.customdata) ? (trace.customdata as unknown[][][]) : null;
  if (details !== null) {
    const places = details.flatMap((cells, row) =>
      cells.flatMap((cell, column) => (Array.isArray(cell) && cell[0] !== "" ? [{ row, column, cell }] : [])),
    );
    return {
      keys: [
        { title: "module", numeric: false },
        { title: "parameter", numeric: false },
      ],
      count: places.length,
      row: (index) => {
        const place = places[index];
        return place ? [String(place.cell[1]), String(place.cell[0]), value(place.row, place.column)] : [];
      },
    };
  }
  const time = Array.isArray(meta.modules);
  return {
    keys: time
      ? [
          { title: "module", numeric: false },
          { title: "step", numeric: true },
        ]
      : [
          { title: "row", numeric: false },
          { title: "column", numeric: false },
        ],
    count: x.length * y.length,
    row: (index) => {
      // the top row first, as it is read
      const row = y.length - 1 - Math.floor(index / x.length);
      const column = index % x.length;
      return [y[row] as Cell, x[column] as Cell, value(row, column)];
    },
  };
}

/** What is marked on the cells of a heatmap: "x y" -> the value in words. */
function marksOn(heatmap: Trace, scatters: readonly Trace[]): Map<string, string> {
  const axes = ({ xaxis, yaxis }: Trace) => `${xaxis ?? "x"} ${yaxis ?? "y"}`;
  const found = new Map<string, string>();
  for (const trace of scatters) {
    if (!trace.uid?.endsWith(":odd") || axes(trace) !== axes(heatmap)) continue;
    const y = columnOf(trace.y);
    const text = columnOf(trace.text);
    columnOf(trace.x).forEach((x: unknown, index: number) => {
      found.set(`${x} ${y[index]}`, String(text[index] ?? "not finite"));
    });
  }
  return found;
}

function barTable(trace: Trace): Table {
  const lying = trace.orientation === "h";
  const names = columnOf(lying ? trace.y : (trace.customdata ?? trace.x));
  const values = columnOf(lying ? trace.x : trace.y);
  const caption = trace.name ?? "bars";
  return {
    caption,
    columns: [
      { title: lying ? "layer" : "kind", numeric: lying },
      { title: caption, numeric: true },
    ],
    count: values.length,
    row: (index) => [names[index] as Cell, values[index] as Cell],
  };
}

function valueTitle(layout: Attributes): string {
  const axis = isPlain(layout.coloraxis) ? layout.coloraxis : {};
  const bar = isPlain(axis.colorbar) ? axis.colorbar : {};
  const title = isPlain(bar.title) ? bar.title.text : bar.title;
  return typeof title === "string" && title !== "" ? title : "value";
}

const IN_CSV: Record<string, string> = { "not a number": "NaN", "+infinity": "inf", "-infinity": "-inf" };

/** A table as CSV: full precision, and the words of other programs for what is not finite. */
export function tableToCsv(table: Table): string {
  const lines = [table.columns.map(({ title }) => quoted(title)).join(",")];
  for (let index = 0; index < table.count; index++) lines.push(table.row(index).map(inCsv).join(","));
  return `${lines.join("\n")}\n`;
}

function inCsv(value: Cell): string {
  if (value === null || value === undefined) return "";
  return typeof value === "number" ? String(value) : (IN_CSV[value] ?? quoted(value));
}

/** A text is never a formula to a spreadsheet that opens the file. */
function quoted(given: string): string {
  const text = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(given) ? `'${given}` : given;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
