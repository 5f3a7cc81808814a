import { useState } from "react";
import { allowedWidth } from "~/lib/widths";
import type { Column } from "./cells";
import type { RunsView } from "./useRunsView";

const NAME_WIDTH = 216;
const EDGE_WIDTH = 36;
const NAME = "name";

/** How wide the columns are: as they were drawn by hand, else as wide as what they hold; the name takes what is left. */
export function useColumnWidths(view: RunsView, columns: readonly Column[]) {
  const [drawn, setDrawn] = useState<{ name: string; width: number } | null>(null);
  const own = (name: string) => (drawn?.name === name ? drawn.width : view.widths.get(name));
  const name = own(NAME);
  const widths = columns.map((column) => own(column.name) ?? column.width);
  const [nameTrack, endTrack] =
    name === undefined
      ? [`minmax(${NAME_WIDTH}px, 1fr)`, `${EDGE_WIDTH}px`]
      : [`${name}px`, `minmax(${EDGE_WIDTH}px, 1fr)`];
  return {
    template: `${EDGE_WIDTH}px ${nameTrack} ${widths.map((width) => `${width}px`).join(" ")} ${endTrack}`,
    total: 2 * EDGE_WIDTH + (name ?? NAME_WIDTH) + widths.reduce((sum, width) => sum + width, 0),
    /** While it is being drawn; nothing is kept yet. */
    draw: (column: string, width: number) => setDrawn({ name: column, width: allowedWidth(width) }),
    keep: (column: string, width: number) => {
      setDrawn(null);
      view.setWidths(new Map(view.widths).set(column, allowedWidth(width)));
    },
    reset: (column: string) => {
      setDrawn(null);
      const next = new Map(view.widths);
      if (next.delete(column)) view.setWidths(next);
    },
  };
}

export type ColumnWidths = ReturnType<typeof useColumnWidths>;
