/** Zoom and hidden traces of a plot that was taken off the page, for when it comes back. */
import type { Attributes, Figure } from "~/lib/figure";
import { isPlain } from "~/lib/figure";

export interface PlotMemory {
  /** The figure's uirevision: a picture of something else begins anew. */
  revision: unknown;
  /** Of each axis that the reader zoomed, with the axis' uirevision then: another one has forgotten it. */
  ranges: Record<string, { range: unknown; revision: unknown }>;
  hidden: ReadonlySet<string>;
}

type Drawn = HTMLElement & {
  _fullLayout?: Record<string, unknown>;
  _fullData?: { uid?: string; visible?: unknown }[];
  layout?: Attributes;
};

/** zoomed: the axes, each with its uirevision when it was zoomed. Null where nothing has been drawn yet. */
export function remembered(element: Drawn, zoomed: ReadonlyMap<string, unknown>): PlotMemory | null {
  const layout = element._fullLayout;
  if (layout === undefined) return null;
  const ranges: PlotMemory["ranges"] = {};
  for (const [axis, revision] of zoomed) {
    const state = layout[axis];
    if (isPlain(state) && Array.isArray(state.range) && revisionOf(element, axis) === revision)
      ranges[axis] = { range: [...state.range], revision };
  }
  const hidden = (element._fullData ?? [])
    .filter(({ visible }) => visible === "legendonly")
    .map(({ uid }) => uid ?? "");
  return { revision: layout.uirevision, ranges, hidden: new Set(hidden) };
}

export function restored(figure: Figure, memory: PlotMemory | null): Figure {
  if (memory === null || memory.revision !== figure.layout.uirevision) return figure;
  const layout = { ...figure.layout };
  for (const [axis, { range, revision }] of Object.entries(memory.ranges)) {
    const state = isPlain(layout[axis]) ? layout[axis] : {};
    if ((state.uirevision ?? layout.uirevision) === revision) layout[axis] = { ...state, range };
  }
  const data = figure.data.map((trace) =>
    memory.hidden.has(trace.uid ?? "") ? { ...trace, visible: "legendonly" } : trace,
  );
  return { data, layout };
}

/** Plotly keeps what the reader does to an axis while this stays. */
export function revisionOf(element: Drawn, axis: string): unknown {
  const state = element._fullLayout?.[axis];
  return isPlain(state) ? state.uirevision : undefined;
}
