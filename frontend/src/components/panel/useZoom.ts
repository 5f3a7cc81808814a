import { useCallback, useState } from "react";
import type { Figure } from "~/lib/figure";
import { atRange, resets, type XRange } from "~/lib/linked";
import { useStore } from "~/lib/store";
import { panelParams, type Search } from "~/lib/urlParams";
import { useView } from "../useView";

/** Nobody tells seconds by more; so addresses stay short. */
const DIGITS = 6;

/**
 * The range of x that the pictures of a scope have in common, in the URL. Of a curve that is thinned the part in view is asked
 * for in full: `params` say so.
 */
export function useZoom(scope: string | undefined) {
  const [search, change] = useView();
  const count = useStore(resets);
  const own = scope === undefined ? {} : panelParams(search, scope);
  const from = Number(own.x_from ?? Number.NaN);
  const to = Number(own.x_to ?? Number.NaN);
  const zoomed = Number.isFinite(from) && Number.isFinite(to) && from !== to;
  const [refined, refine] = useState(false);
  const params: Search = zoomed && refined ? { x_from: String(from), x_to: String(to) } : {};
  const decorate = useCallback(
    (figure: Figure) => (scope === undefined ? figure : atRange(figure, zoomed ? { from, to } : null, count)),
    [scope, zoomed, from, to, count],
  );
  const onZoom = (next: XRange | null) => {
    if (scope === undefined) return;
    if (next === null) resets.set(resets.get() + 1);
    const pin = next === null ? { pin: undefined } : {};
    change({ [`${scope}.x_from`]: short(next?.from), [`${scope}.x_to`]: short(next?.to), ...pin });
  };
  /** Once the figure is there: whether it leaves points out. Detail that was asked for stays until all is shown again. */
  const noteThinned = useCallback(
    (thinned: boolean) => {
      if (!zoomed) refine(false);
      else if (thinned) refine(true);
    },
    [zoomed],
  );
  return { zoomed, params, decorate, noteThinned, onZoom: scope === undefined ? undefined : onZoom };
}

function short(value: number | undefined): string | undefined {
  return value === undefined ? undefined : String(Number(value.toPrecision(DIGITS)));
}
