/** Zoom and hidden traces of a plot that was taken off the page, for when it comes back. */
import type { Attributes, Figure } from "~/lib/figure";
import { isPlain } from "~/lib/figure";

export interface PlotMemory {
  /** The figure's uirevision: a picture of something else begins anew. */
  revision: unknown;
  ranges: Record<string, unknown>;
  hidden: ReadonlySet<string>;
}

type Drawn = HTMLElement & {
  _fullLayout?: Record<string, unknown>;
  _fullData?: { uid?: string; visible?: unknown }[];
  layout?: Attributes;
};

export function remembered(element: Drawn, zoomed: ReadonlySet<string>): PlotMemory | null {
  const layout = element._fullLayout;
  if (layout === undefined) return null;
  const ranges: Record<string, unknown> = {};
  for (const axis of zoomed) {
    const state = layout[axis];
    if (isPlain(state) && Array.isArray(state.range)) ranges[axis] = [...state.range];
  }
  const hidden = (element._fullData ?? [])
    .filter(({ visible }) => visible === "legendonly")
    .map(({ uid }) => uid ?? "");
  if (hidden.length === 0 && zoomed.size === 0) return null;
  return { revision: layout.uirevision, ranges, hidden: new Set(hidden) };
}

export function restored(figure: Figure, memory: PlotMemory | null): Figure {
  if (memory === null || memory.revision !== figure.layout.uirevision) return figure;
  const layout = { ...figure.layout };
  for (const [axis, range] of Object.entries(memory.ranges)) {
    layout[axis] = { ...(isPlain(layout[axis]) ? layout[axis] : {}), range };
  }
  const data = figure.data.map((trace) =>
    memory.hidden.has(trace.uid ?? "") ? { ...trace, visible: "legendonly" } : trace,
  );
  return { data, layout };
}
