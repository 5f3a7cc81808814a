/** Small corrections of a figure's geometry that depend on how large it is drawn. */
import { type Attributes, type Figure, isPlain, type Trace } from "./figure";
import { extentOf } from "./plotExtent";
import { apart, axisOf, isEndLabel } from "./plotLabels";
import { columnOf } from "./typedArrays";

const USUAL_HEIGHT_PX = 260;

export function fitted(figure: Figure, height = USUAL_HEIGHT_PX): Figure {
  let layout = legendAbove(colorbarsBelow(figure.layout));
  const data = withoutThinGaps(figure.data, layout, height);
  layout = flatLines(layout, data);
  layout = labelsOutside(layout, data);
  return { data, layout: apart(layout, data, height) };
}

const LEGEND_PX = 22;
const CELL_TITLE_PX = 20;

/** Where cells have titles, the legend goes above them, at the upper edge. */
function legendAbove(layout: Attributes): Attributes {
  const annotations = Array.isArray(layout.annotations) ? (layout.annotations as Attributes[]) : [];
  const titled = annotations.some(({ yref, y, yanchor }) => yref === "paper" && y === 1 && yanchor === "bottom");
  if (!titled || layout.showlegend !== true) return layout;
  return {
    ...layout,
    margin: { ...(isPlain(layout.margin) ? layout.margin : {}), t: LEGEND_PX + CELL_TITLE_PX },
    legend: { ...(isPlain(layout.legend) ? layout.legend : {}), yref: "container", y: 1, yanchor: "top" },
  };
}

/** Labels at the ends of lines stand in the margin, which is as wide as they are; they do not widen the axis. */
function labelsOutside(layout: Attributes, traces: readonly Trace[]): Attributes {
  const annotations = Array.isArray(layout.annotations) ? (layout.annotations as Attributes[]) : [];
  const labels = annotations.filter(isEndLabel);
  const result = { ...layout };
  for (const axis of new Set(labels.map((label) => axisOf(label, "x")))) {
    const key = axis.replace("x", "xaxis");
    const range = rangeOf(layout[key]);
    if (isLog(layout[key]) && range === null) continue;
    const end = range ?? extentOf(traces, "x", axis);
    if (end === null || end.max === end.min) continue;
    const span = end.max - end.min;
    const reversed = isPlain(layout[key]) && layout[key].autorange === "reversed";
    const room = span * 0.02;
    const options = reversed ? { minallowed: end.min - room } : { maxallowed: end.max + room };
    if (range === null) result[key] = withOptions(layout[key], options);
    const margin = isPlain(result.margin) ? result.margin : {};
    const needed = labels
      .filter((label) => axisOf(label, "x") === axis)
      .map((label) => {
        const before = reversed ? Number(label.x) - end.min : end.max - Number(label.x);
        return overhang(label, Math.max(0, before) / span);
      });
    result.margin = { ...margin, r: Math.max(Number(margin.r ?? 0), ...needed) };
  }
  return result;
}

/** The range that the figure tells, in the units of annotations, which are decimal exponents on a logarithmic axis. */
function rangeOf(axis: unknown): { min: number; max: number } | null {
  if (!isPlain(axis) || !Array.isArray(axis.range)) return null;
  return { min: Number(axis.range[0]), max: Number(axis.range[1]) };
}

const CHARACTER_PX = 6;
const USUAL_WIDTH_PX = 280;

/** How far a label reaches beyond the axis, roughly; `before`: how much of the axis lies behind its point. */
function overhang(label: Attributes, before: number): number {
  const length = String(label.text ?? "").replace(/<[^>]*>/g, "").length;
  return Math.max(0, Math.round(length * CHARACTER_PX + 10 - before * USUAL_WIDTH_PX));
}

function isLog(axis: unknown): boolean {
  return isPlain(axis) && axis.type === "log";
}

/** A constant is drawn in the middle of a tenth of itself, instead of far from its own size. */
function flatLines(layout: Attributes, traces: readonly Trace[]): Attributes {
  const axis = layout.yaxis;
  if (!isPlain(axis) || axis.range !== undefined || isLog(axis) || axis.rangemode !== undefined) return layout;
  const extent = extentOf(traces, "y", "y");
  if (extent === null || extent.min === 0 || extent.max - extent.min > Math.abs(extent.max) * 1e-9) return layout;
  const include = [extent.min * 0.9, extent.max * 1.1];
  return { ...layout, yaxis: withOptions(axis, { include }) };
}

/** What the server says of the axis' range goes before what is guessed here. */
function withOptions(axis: unknown, options: Attributes): Attributes {
  const known = isPlain(axis) ? axis : {};
  return {
    ...known,
    autorangeoptions: { ...options, ...(isPlain(known.autorangeoptions) ? known.autorangeoptions : {}) },
  };
}

const COLORBAR_PX = 46;
const TICKS_PX = 20;
const TITLE_PX = 16;
const LINE_PX = 14;

/** Lying colour bars are put at the lower edge, with room for ticks and titles above them. */
function colorbarsBelow(layout: Attributes): Attributes {
  const lying = Object.entries(layout).flatMap(([key, axis]) =>
    /^coloraxis\d*$/.test(key) && isPlain(axis) && isPlain(axis.colorbar) && axis.colorbar.orientation === "h"
      ? [{ key, axis, colorbar: axis.colorbar }]
      : [],
  );
  if (lying.length === 0) return layout;
  const axes = Object.entries(layout).flatMap(([key, axis]) => (/^xaxis\d*$/.test(key) && isPlain(axis) ? [axis] : []));
  const ticks = axes.flatMap(({ ticktext }) => (Array.isArray(ticktext) ? ticktext : []));
  const bars =
    COLORBAR_PX + moreLines(lying.map(({ colorbar }) => (isPlain(colorbar.title) ? colorbar.title.text : "")));
  const bottom = bars + TICKS_PX + moreLines(ticks) + (axes.some(hasTitle) ? TITLE_PX : 0);
  const placed = lying.map(({ key, axis, colorbar }) => [
    key,
    { ...axis, colorbar: { ...colorbar, yref: "container", y: 0, yanchor: "bottom", ypad: 0 } },
  ]);
  return {
    ...layout,
    margin: { ...(isPlain(layout.margin) ? layout.margin : {}), b: bottom },
    ...Object.fromEntries(placed),
  };
}

function moreLines(texts: readonly unknown[]): number {
  return LINE_PX * Math.max(0, ...texts.map((text) => String(text).split("<br>").length - 1));
}

const THINNEST_PX = 5;

/** Rows of colour that are thinner than this have no gaps, which would make a barcode of them. */
function withoutThinGaps(traces: readonly Trace[], layout: Attributes, height: number): Trace[] {
  const margin = isPlain(layout.margin) ? layout.margin : {};
  const pixels = height - Number(margin.t ?? 0) - Number(margin.b ?? 0);
  return traces.map((trace) => {
    if (trace.type !== "heatmap" || !trace.ygap) return trace;
    const axis = layout[String(trace.yaxis ?? "y").replace("y", "yaxis")];
    const [from = 0, to = 1] = isPlain(axis) && Array.isArray(axis.domain) ? (axis.domain as number[]) : [];
    return (pixels * (to - from)) / columnOf(trace.y).length < THINNEST_PX ? { ...trace, ygap: 0 } : trace;
  });
}

function hasTitle(axis: unknown): boolean {
  if (!isPlain(axis)) return false;
  const text = isPlain(axis.title) ? axis.title.text : axis.title;
  return typeof text === "string" && text !== "";
}
