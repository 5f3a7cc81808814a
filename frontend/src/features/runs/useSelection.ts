import { useMemo } from "react";
import { list } from "~/lib/urlParams";
import type { RunsView } from "./useRunsView";

/** The chosen runs; all: every run that matches, shown or not. It is in the URL: `selected=id,id` or `selected=all`. */
export interface Selection {
  all: boolean;
  ids: ReadonlySet<string>;
  has: (id: string) => boolean;
  toggle: (id: string, chosen: boolean) => void;
  /** Runs between two clicks. */
  add: (ids: readonly string[]) => void;
  addAll: () => void;
  clear: () => void;
}

const ALL = "all";

/** Another question forgets it (see useRunsView): what one cannot see must not be acted on. */
export function useSelection({ selected, change }: RunsView): Selection {
  return useMemo(() => {
    const all = selected === ALL;
    const ids = new Set(all ? [] : list(selected));
    const set = (next: Iterable<string>) => change({ selected: [...next].join(",") });
    return {
      all,
      ids,
      has: (id) => all || ids.has(id),
      toggle: (id, chosen) => set(chosen ? [...ids, id] : [...ids].filter((one) => one !== id)),
      add: (more) => set(new Set([...ids, ...more])),
      addAll: () => change({ selected: ALL }),
      clear: () => change({ selected: undefined }),
    };
  }, [selected, change]);
}
