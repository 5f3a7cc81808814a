/** Live events into the query cache: rows and details are replaced, parts that moved are asked for again. */
import type { QueryClient } from "@tanstack/react-query";
import { mergeRows, movedTopics, newer } from "~/lib/liveStore";
import { Pace } from "~/lib/pace";
import { runKeys } from "./runs";
import type { RunDetail, RunList, RunSummary } from "./types";

const PARTS: Record<string, string> = {
  state: "history",
  commands: "history",
  checkpoints: "checkpoints",
  decisions: "decisions",
  samples: "samples",
  logs: "logs",
};

export function liveCache(cache: QueryClient) {
  const pace = new Pace(500);
  const refetch = (key: readonly unknown[]) =>
    pace.run(JSON.stringify(key), () => void cache.invalidateQueries({ queryKey: key }));

  return {
    stop: () => pace.stop(),
    refetchAll: () => {
      void cache.invalidateQueries({ queryKey: runKeys.lists });
      void cache.invalidateQueries({ queryKey: ["run"] });
      void cache.invalidateQueries({ queryKey: ["run-part"] });
    },
    apply: (arrived: RunSummary[]) => {
      let missing = false;
      cache.setQueriesData<RunList>({ queryKey: runKeys.lists }, (list) => {
        if (list === undefined) return undefined;
        const merged = mergeRows(list.runs, arrived);
        missing ||= merged.unknown.length > 0;
        return { ...list, runs: merged.rows };
      });
      if (missing) refetch(runKeys.lists);
      for (const summary of arrived) applyToDetail(cache, summary, refetch);
    },
  };
}

function applyToDetail(cache: QueryClient, summary: RunSummary, refetch: (key: readonly unknown[]) => void) {
  const key = runKeys.detail(summary.id);
  const known = cache.getQueryData<RunDetail>(key);
  if (known === undefined) return;
  const moved = movedTopics(known, summary);
  cache.setQueryData<RunDetail>(key, { ...known, ...newer<RunSummary>(known, summary) });
  if (moved.has("scalars")) refetch(["compare", "speedup"]);
  if (moved.has("commands") || moved.has("state")) refetch(key);
  for (const part of new Set([...moved].map((topic) => PARTS[topic]))) {
    if (part !== undefined) refetch(runKeys.part(summary.id, part));
  }
}
