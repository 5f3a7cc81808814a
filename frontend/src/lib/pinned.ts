/** Marks the pinned module in a heatmap of modules: customdata of a cell begins with the module's name. */
import type { Attributes, Figure, Trace } from "./figure";
import { columnOf } from "./typedArrays";

export function firstOf(customdata: unknown): unknown {
  return Array.isArray(customdata) ? customdata[0] : customdata;
}

export function pinned(figure: Figure, module: string | undefined): Figure {
  if (module === undefined) return figure;
  const frames = figure.data.flatMap((trace) => frameIn(trace, module));
  if (frames.length === 0) return figure;
  const shapes = Array.isArray(figure.layout.shapes) ? figure.layout.shapes : [];
  return { ...figure, layout: { ...figure.layout, shapes: [...shapes, ...frames] } };
}

function frameIn(trace: Trace, module: string): Attributes[] {
  if (trace.type !== "heatmap" || !Array.isArray(trace.customdata)) return [];
  const x = columnOf(trace.x);
  const y = columnOf(trace.y);
  return (trace.customdata as unknown[]).flatMap((row, rowIndex) =>
    Array.isArray(row)
      ? row.flatMap((cell, column) =>
          firstOf(cell) === module ? [frame(trace, Number(x[column] ?? column), Number(y[rowIndex] ?? rowIndex))] : [],
        )
      : [],
  );
}

function frame(trace: Trace, x: number, y: number): Attributes {
  return {
    type: "rect",
    xref: trace.xaxis ?? "x",
    yref: trace.yaxis ?? "y",
    x0: x - 0.5,
    x1: x + 0.5,
    y0: y - 0.5,
    y1: y + 0.5,
    line: { color: "#E8590C", width: 2 },
    layer: "above",
  };
}
