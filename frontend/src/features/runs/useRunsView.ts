import { useCallback, useMemo } from "react";
import { useView } from "~/components/useView";
import { bothOf } from "~/lib/queryCompletion";
import { list } from "~/lib/urlParams";

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

/** What the table shows, all of it in the URL: `?q=accuracy+>+0.5&state=active&sort=-created&group=method&cols=…`. */
export function useRunsView() {
  const [search, change] = useView();
  const { q = "", state = "", sort: sortText = "", group = "", cols } = search;
  const columns = useMemo(() => (cols === undefined ? DEFAULT_COLUMNS : list(cols)), [cols]);
  const sort: Sort | null =
    sortText === "" ? null : { name: sortText.replace(/^-/, ""), descending: sortText.startsWith("-") };
  const setColumns = useCallback(
    (next: readonly string[]) =>
      change({ cols: next.join(",") === DEFAULT_COLUMNS.join(",") ? undefined : next.join(",") }),
    [change],
  );
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
  };
}

export type RunsView = ReturnType<typeof useRunsView>;
