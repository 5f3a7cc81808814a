import { useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import { runQuery } from "~/api/runs";
import type { RunDetail } from "~/api/types";
import { useView } from "~/components/useView";
import { list } from "~/lib/urlParams";

export const MAX_RUNS = 6;

/** The compared runs, the reference among them, and how to change both; all of it is in the URL. */
export function useComparison() {
  const [search, change] = useView();
  const ids = useMemo(() => [...new Set(list(search.runs))].slice(0, MAX_RUNS), [search.runs]);
  const found = useQueries({
    queries: ids.map((id) => runQuery(id)),
    combine: (results) => ({
      runs: results.map(({ data }) => data).filter((run): run is RunDetail => run !== undefined),
      lost: ids.filter((_, index) => results[index]?.error),
      pending: results.some(({ isPending }) => isPending),
    }),
  });
  const reference = found.runs.find(({ id }) => id === search.reference) ?? found.runs[0];
  return {
    ...found,
    ids,
    reference,
    add: (id: string) => change({ runs: [...ids, id].join(",") }),
    remove: (id: string) =>
      change({
        runs: ids.filter((other) => other !== id).join(","),
        reference: id === search.reference ? undefined : search.reference,
      }),
    setReference: (id: string) => change({ reference: id === ids[0] ? undefined : id }),
  };
}
