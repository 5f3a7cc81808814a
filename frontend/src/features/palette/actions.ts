/** What the palette offers, and which of it fits a query: pure. */
import type { ComponentType } from "react";

export interface PaletteAction {
  id: string;
  label: string;
  description?: string;
  /** Shown at the right: the key that does the same. */
  keys?: string;
  Icon?: ComponentType<{ size?: number; stroke?: number }>;
  /** Colour of the run that it is about. */
  color?: number;
  /** The palette stays open: what follows is chosen in it. */
  stays?: boolean;
  run: () => void;
}

export interface PaletteGroup {
  label: string;
  actions: PaletteAction[];
}

/** Groups whose actions contain every word of the query; a group's name counts as part of its actions. */
export function fitting(groups: readonly PaletteGroup[], query: string): PaletteGroup[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return groups
    .map((group) => ({
      ...group,
      actions: group.actions.filter(({ label, description = "" }) => {
        const text = `${group.label} ${label} ${description}`.toLowerCase();
        return words.every((word) => text.includes(word));
      }),
    }))
    .filter((group) => group.actions.length > 0);
}
