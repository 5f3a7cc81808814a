import { useCallback, useMemo } from "react";
import { useView } from "~/components/useView";
import { bothOf } from "~/lib/queryCompletion";
import { list } from "~/lib/urlParams";
import { readWidths, type Widths, writtenWidths } from "~/lib/widths";

export const DEFAULT_COLUMNS = [
  "state",
  "method",
  "group",
  "tag",
  "step",
  "eval/reverse_kl",
  "eval/accuracy",
  "optimizer.learning_rate",
  "seconds",
  "created",
];

interface Sort {
  name: string;
  descending: boolean;
}

/** Lists of the view that a run can be put on: first in the table, or left out of its curves. */
export type Mark = "pinned" | "hidden";

/** What the table shows, all of it in the URL: `?q=accuracy+>+0.5&state=active&sort=-created&group=method&cols=…`. */
export function useRunsView() {
  const [search, write] = useView();
  const change = useCallback(
    (changes: Parameters<typeof write>[0]) =>
      write("q" in changes || "state" in changes ? { selected: undefined, ...changes } : changes),
    [write],
  );
  const {
    q = "",
    state = "",
    sort: sortText = "",
    group = "",
    cols,
    widths: widthsText,
    pinned,
    hidden,
    selected,
    curves,
  } = search;
  const columns = useMemo(() => (cols === undefined ? DEFAULT_COLUMNS : list(cols)), [cols]);
  const sort: Sort | null =
    sortText === "" ? null : { name: sortText.replace(/^-/, ""), descending: sortText.startsWith("-") };
  const setColumns = useCallback(
    (next: readonly string[]) =>
      change({ cols: next.join(",") === DEFAULT_COLUMNS.join(",") ? undefined : next.join(",") }),
    [change],
  );
  const widths = useMemo(() => readWidths(widthsText), [widthsText]);
  const marked = useMemo(() => ({ pinned: new Set(list(pinned)), hidden: new Set(list(hidden)) }), [pinned, hidden]);
  return {
    text: q,
    state,
    sort,
    sortText,
    group,
    columns,
    /** The query with the chosen state. */
    query: bothOf(state === "" ? "" : `state = ${state}`, q),
    change,
    setColumns,
    selected,
    /** The measures that the drawer draws, while it is open. */
    curves,
    widths,
    setWidths: (next: Widths) => change({ widths: writtenWidths(next) }),
    marked,
    mark: (mark: Mark, id: string) => {
      const next = new Set(marked[mark]);
      if (!next.delete(id)) next.add(id);
      change({ [mark]: [...next].join(",") });
    },
  };
}

export type RunsView = ReturnType<typeof useRunsView>;
