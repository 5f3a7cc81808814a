/** Labels at the ends of lines: moved apart where they would be written over each other. */
import { type Attributes, isPlain, type Trace } from "./figure";
import { extentOf } from "./plotExtent";

const LINE_PX = 14;
/** Two labels share a column when their lines end within this share of the x axis. */
const COLUMN_SHARE = 0.3;

export function isEndLabel(annotation: Attributes): boolean {
  return (
    /^x\d*$/.test(axisOf(annotation, "x")) &&
    /^y\d*$/.test(axisOf(annotation, "y")) &&
    annotation.xanchor === "left" &&
    annotation.showarrow === false
  );
}

/** The axis that an annotation stands on; plotly's default is the first one. */
export function axisOf(annotation: Attributes, letter: "x" | "y"): string {
  return String(annotation[`${letter}ref`] ?? letter);
}

export function apart(layout: Attributes, traces: readonly Trace[], height: number): Attributes {
  const annotations = Array.isArray(layout.annotations) ? (layout.annotations as Attributes[]) : [];
  const labels = annotations.filter(isEndLabel);
  if (labels.length < 2) return layout;
  const shifts = new Map<Attributes, number>();
  for (const axes of new Set(labels.map(axesOf))) {
    const [xref = "x", yref = "y"] = axes.split(" ");
    const group = labels.filter((label) => axesOf(label) === axes);
    const place = scaleOf(layout, traces, yref, height);
    const width = extentOf(traces, "x", xref);
    if (place === null || width === null) continue;
    const column = (width.max - width.min) * COLUMN_SHARE;
    for (const [label, shift] of spread(group, place, column)) shifts.set(label, shift);
  }
  return {
    ...layout,
    annotations: annotations.map((note) => (shifts.has(note) ? { ...note, yshift: shifts.get(note) } : note)),
  };
}

function axesOf(label: Attributes): string {
  return `${axisOf(label, "x")} ${axisOf(label, "y")}`;
}

interface Scale {
  pixelsPerUnit: number;
  /** The value at the upper edge. */
  top: number;
}

/** From the lowest up, each label at least a line above the last one of its column; then all centred again, below the upper edge. */
function spread(labels: readonly Attributes[], scale: Scale, column: number): Map<Attributes, number> {
  const shifts = new Map<Attributes, number>();
  const placed: { x: number; at: number }[] = [];
  const sorted = [...labels].sort((a, b) => Number(a.y) - Number(b.y));
  for (const label of sorted) {
    const x = Number(label.x);
    const wanted = Number(label.y) * scale.pixelsPerUnit;
    const below = placed.filter((other) => Math.abs(other.x - x) <= column).map(({ at }) => at);
    const at = Math.max(wanted, ...below.map((other) => other + LINE_PX));
    placed.push({ x, at });
    shifts.set(label, at - wanted);
  }
  const highest = Math.max(...shifts.values());
  const above = Math.max(...placed.map(({ at }) => at)) - highest / 2 - scale.top * scale.pixelsPerUnit;
  const down = highest / 2 + Math.max(0, above - LINE_PX / 2); // half a line fits into the margin
  return new Map([...shifts].map(([label, shift]) => [label, Math.round(shift - down)]));
}

function scaleOf(layout: Attributes, traces: readonly Trace[], yref: string, height: number): Scale | null {
  const axis = layout[yref.replace("y", "yaxis")];
  const margin = isPlain(layout.margin) ? layout.margin : {};
  const pixels = height - Number(margin.t ?? 0) - Number(margin.b ?? 0);
  const log = isPlain(axis) && axis.type === "log";
  const fixed = isPlain(axis) && Array.isArray(axis.range) ? (axis.range as number[]) : null;
  const extent = extentOf(traces, "y", yref);
  if (extent === null || pixels <= 0) return null;
  const [low, high] = fixed ?? (log ? [Math.log10(extent.min), Math.log10(extent.max)] : [extent.min, extent.max]);
  const span = Number(high) - Number(low);
  return Number.isFinite(span) && span > 0 ? { pixelsPerUnit: pixels / span, top: Number(high) } : null;
}
