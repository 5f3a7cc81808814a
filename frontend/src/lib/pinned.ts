/** The pinned module in pictures of modules: where it is marked, and which module was clicked. */
import type { Attributes, Figure, Trace } from "./figure";
import { isPlain } from "./figure";
import { columnOf, isColumn } from "./typedArrays";

export function firstOf(customdata: unknown): unknown {
  return Array.isArray(customdata) ? customdata[0] : customdata;
}

interface Clicked {
  x?: unknown;
  y: unknown;
  text?: unknown;
  customdata?: unknown;
  data: { type?: string; x?: unknown; y?: unknown; meta?: unknown };
}

/** The parameter name of the module under a click; null where no module is drawn. */
export function moduleAt({ y, text, customdata, data }: Clicked): string | null {
  if (data.type !== "heatmap") return null;
  const rule = ruleOf(data);
  if (rule !== null) return Number(text) < 0 ? null : named(rule, y, text);
  const name = Array.isArray(customdata) ? customdata[0] : rowsOf(data)?.[[...columnOf(data.y)].indexOf(y)];
  return typeof name === "string" && name !== "" ? name : null;
}

/** The parameter that a click sets, and to what: the part of the picture that it opens; null where it opens none. */
export function opensAt({ x, data }: Clicked): { parameter: string; value: string } | null {
  const opens = isPlain(data.meta) && isPlain(data.meta.opens) ? data.meta.opens : {};
  const value = Array.isArray(opens.values) ? opens.values[[...columnOf(data.x)].indexOf(x)] : undefined;
  return typeof value === "string" ? { parameter: String(opens.parameter), value } : null;
}

/** How names follow from {layer}, which is y, and {expert}, the cell's text, where naming each would be megabytes. */
function ruleOf({ meta }: Clicked["data"] | Trace): string | null {
  return isPlain(meta) && typeof meta.module === "string" ? meta.module : null;
}

function named(rule: string, layer: unknown, expert: unknown): string {
  return rule.replace("{layer}", String(layer)).replace("{expert}", String(expert));
}

/** The layer of a module whose name follows from a rule; null where it does not. */
function layerIn(rule: string, module: string): string | null {
  const [before = "", between = "", after = ""] = rule.split(/\{layer\}|\{expert\}/).map(escaped);
  return module.match(new RegExp(`^${before}(\\d+)${between}\\d+${after}$`))?.[1] ?? null;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** Names of the modules of a heatmap whose rows are modules, bottom up. */
function rowsOf({ meta }: Clicked["data"] | Trace): readonly unknown[] | null {
  return isPlain(meta) && Array.isArray(meta.modules) ? meta.modules : null;
}

/** Frames around the module's cell, or around its row where time runs to the right. */
export function pinned(figure: Figure, module: string | undefined): Figure {
  if (module === undefined) return figure;
  const frames = figure.data.flatMap((trace) => framesIn(trace, module));
  if (frames.length === 0) return figure;
  const shapes = Array.isArray(figure.layout.shapes) ? figure.layout.shapes : [];
  return { ...figure, layout: { ...figure.layout, shapes: [...shapes, ...frames] } };
}

function framesIn(trace: Trace, module: string): Attributes[] {
  if (trace.type !== "heatmap") return [];
  const row = rowsOf(trace)?.indexOf(module) ?? -1;
  if (row >= 0) return [{ ...frame(trace, row), xref: `${trace.xaxis ?? "x"} domain`, x0: 0, x1: 1 }];
  const x = columnOf(trace.x);
  const y = columnOf(trace.y);
  const half = (Number(x[1] ?? 1) - Number(x[0] ?? 0)) / 2;
  const columns = isPlain(trace.meta) && Array.isArray(trace.meta.columns) ? trace.meta.columns : [];
  const column = columns.findIndex((rule) => layerIn(String(rule), module) !== null);
  if (column >= 0) {
    const at = Number(x[column]);
    return [{ ...frame(trace, Number(layerIn(String(columns[column]), module))), x0: at - half, x1: at + half }];
  }
  const rule = ruleOf(trace);
  const cellsOf = columnOf(rule === null ? trace.customdata : trace.text) as readonly unknown[];
  return cellsOf.flatMap((cells, rowIndex) =>
    isColumn(cells)
      ? Array.from(cells as ArrayLike<unknown>).flatMap((cell, column) => {
          const name = rule === null ? firstOf(cell) : named(rule, y[rowIndex], cell);
          if (name !== module) return [];
          const at = Number(x[column] ?? column);
          return [{ ...frame(trace, Number(y[rowIndex] ?? rowIndex)), x0: at - half, x1: at + half }];
        })
      : [],
  );
}

function frame(trace: Trace, y: number): Attributes {
  return {
    type: "rect",
    xref: trace.xaxis ?? "x",
    yref: trace.yaxis ?? "y",
    y0: y - 0.5,
    y1: y + 0.5,
    line: { color: "#E8590C", width: 2 },
    layer: "above",
  };
}
