import { useDebouncedCallback } from "@mantine/hooks";
import { useState } from "react";
import type { Figure, PanelMeta } from "~/lib/figure";
import { isPlain } from "~/lib/figure";
import type { Search } from "~/lib/urlParams";
import type { XRange } from "../plot/Plot";

/**
 * The part of a thinned curve that the reader zoomed into, as parameters that ask for it in full.
 * Not in the URL: pictures share parameters there, but each is zoomed by itself.
 */
export function useZoom(possible: boolean) {
  const [range, setRange] = useState<XRange | null>(null);
  const settle = useDebouncedCallback((next: XRange | null) => setRange(next), 150);
  const params: Search = {};
  if (range !== null) Object.assign(params, { x_from: String(range.from), x_to: String(range.to) });
  return {
    zoomed: range !== null,
    params,
    /** A curve that is shown whole has nothing to refine. */
    onZoom: (next: XRange | null, meta: PanelMeta | undefined) => {
      const thinned = range !== null || meta?.note?.startsWith("showing ");
      if (possible && (next === null || thinned)) settle(next);
    },
  };
}

/** The reader's zoom stays plotly's own, so that a double click undoes it. */
export function withoutView(figure: Figure): Figure {
  const axis = figure.layout.xaxis;
  if (!isPlain(axis)) return figure;
  const { range: _range, uirevision: _revision, ...rest } = axis;
  return { ...figure, layout: { ...figure.layout, xaxis: rest } };
}
