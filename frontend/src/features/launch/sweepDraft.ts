import type { SweepIn } from "~/api/types";
import type { Leaf } from "~/lib/configSchema";
import { seedsIn, seedsText, valuesIn, valuesText } from "~/lib/sweep";
import type { SweepDraft } from "./SweepCard";

export const NO_SWEEP: SweepDraft = { seeds: "", axes: [], perSetting: false };

/** What the server is asked; a field to vary that has not been chosen yet counts for nothing. */
export function sweepOf(draft: SweepDraft, leaves: readonly Leaf[]): NonNullable<SweepIn["sweep"]> {
  const axes = draft.axes.filter(({ path }) => path !== "");
  const byPath = new Map(leaves.map((leaf) => [leaf.path, leaf]));
  return {
    seeds: seedsIn(draft.seeds) ?? [],
    grid: Object.fromEntries(axes.map(({ path, text }) => [path, valuesIn(text, byPath.get(path))])),
  };
}

export function draftOf(sweep: NonNullable<SweepIn["sweep"]>, perSetting: boolean): SweepDraft {
  const axes = Object.entries(sweep.grid ?? {}).map(([path, values]) => ({ path, text: valuesText(values) }));
  return { seeds: seedsText(sweep.seeds ?? []), axes, perSetting };
}
