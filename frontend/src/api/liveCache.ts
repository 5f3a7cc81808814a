/** Live events into the query cache: rows and details are replaced, parts that moved are asked for again. */
import type { Query, QueryClient } from "@tanstack/react-query";
import { mergeRows, movedTopics, newer } from "~/lib/liveStore";
import { Pace } from "~/lib/pace";
import { alertKeys } from "./alerts";
import { analysisKeys } from "./analyses";
import { compareKeys } from "./compare";
import { homeKey } from "./home";
import { withoutRuns, withReports } from "./homeNews";
import { planKey } from "./launch";
import { type RunQuestion, runKeys } from "./runs";
import type { EntryList, Home, RunDetail, RunList, RunSummary } from "./types";
import { workersKey } from "./workers";

const PARTS: Record<string, string> = {
  state: "history",
  commands: "history",
  checkpoints: "checkpoints",
  decisions: "decisions",
  samples: "samples",
  check: "check",
  logs: "logs",
};

/** How often a table that is sorted by moving numbers is put in order anew. */
const ORDER_MS = 5_000;

export function liveCache(cache: QueryClient) {
  const pace = new Pace(500);
  const orderPace = new Pace(ORDER_MS);
  const heard = new Map<string, number>();
  const refetch = (key: readonly unknown[]) =>
    pace.run(JSON.stringify(key), () => void cache.invalidateQueries({ queryKey: key }));
  const alertsMoved = watchAlerts();

  return {
    /** Everything but pictures, which follow their runs by themselves unless they have failed. */
    refetchAll: () =>
      void cache.invalidateQueries({
        predicate: ({ queryKey, state }) => queryKey[0] !== "panel" || state.status === "error",
      }),
    /** Who would take a launch is another question now. */
    workersMoved: () => {
      refetch(planKey);
      refetch(workersKey);
    },
    apply: (arrived: RunSummary[]) => {
      let lists = false;
      const known = new Map<string, RunSummary>();
      cache.setQueriesData<RunList>({ queryKey: runKeys.lists }, (list) => {
        if (list === undefined) return undefined;
        for (const run of list.runs) known.set(run.id, run);
        return { ...list, runs: mergeRows(list.runs, arrived) };
      });
      for (const summary of arrived) {
        const before = known.get(summary.id);
        const moved = summary.topics.state ?? 0;
        lists ||= before === undefined ? heard.get(summary.id) !== moved : movedTopics(before, summary).has("state");
        heard.set(summary.id, moved);
      }
      if (lists) {
        refetch(runKeys.lists);
        refetch(runKeys.groups);
        refetch(planKey); // one more or one less in the line
      } else {
        orderPace.run("order", () => void cache.invalidateQueries({ predicate: dependsOnMeasures }));
      }
      for (const summary of arrived) applyToDetail(cache, summary, refetch);
      if (alertsMoved(arrived)) refetch(alertKeys.all);
      if (arrived.some(({ kind }) => kind === "analysis")) refetch(analysisKeys.lists);
      applyToEntries(cache, arrived, refetch);
      const home = cache.getQueryData<Home>(homeKey);
      if (home === undefined) return;
      const next = withReports(home, arrived);
      cache.setQueryData<Home>(homeKey, next.home);
      if (next.outdated) refetch(homeKey);
    },
    /** These runs are gone: their rows vanish, and a page that shows one says so. */
    remove: (ids: readonly string[]) => {
      const gone = new Set(ids);
      cache.setQueriesData<RunList>(
        { queryKey: runKeys.lists },
        (list) => list && { ...list, runs: list.runs.filter(({ id }) => !gone.has(id)) },
      );
      cache.setQueryData<Home>(homeKey, (home) => home && withoutRuns(home, gone));
      const ofGone = ({ queryKey: [kind, id, runs] }: Query) =>
        ((kind === "run" || kind === "run-part") && gone.has(String(id))) ||
        (kind === "panel" && Array.isArray(runs) && runs.some((run) => gone.has(run)));
      cache.removeQueries({ predicate: ofGone, type: "inactive" });
      for (const id of gone) void cache.resetQueries({ queryKey: runKeys.detail(id), exact: true });
      refetch(runKeys.lists);
      refetch(runKeys.groups);
      refetch(homeKey);
      refetch(alertKeys.all);
      refetch(analysisKeys.lists);
      refetch(compareKeys.entries);
    },
  };
}

/** Whether alerts of any of the runs moved since it was last asked; alerts are shown far from their run, too. */
function watchAlerts(): (arrived: readonly RunSummary[]) => boolean {
  const known = new Map<string, number>();
  return (arrived) => {
    const moved = arrived.filter(({ id, topics }) => (topics.alerts ?? 0) > (known.get(id) ?? 0));
    for (const { id, topics } of moved) known.set(id, topics.alerts ?? 0);
    return moved.length > 0;
  };
}

/** Pages whose order or choice of runs, and groups whose means, change with each step of a run. */
function dependsOnMeasures({ queryKey }: Query): boolean {
  const [kind, , question] = queryKey;
  if (kind === runKeys.groups[0]) return true;
  return kind === runKeys.lists[0] && typeof question === "object" && (question as RunQuestion).moving;
}

function applyToDetail(cache: QueryClient, summary: RunSummary, refetch: (key: readonly unknown[]) => void) {
  const key = runKeys.detail(summary.id);
  const known = cache.getQueryData<RunDetail>(key);
  if (known === undefined) return;
  const moved = movedTopics(known, summary);
  cache.setQueryData<RunDetail>(key, { ...known, ...newer<RunSummary>(known, summary) });
  if (moved.has("commands") || moved.has("state")) refetch(key);
  for (const part of new Set([...moved].map((topic) => PARTS[topic]))) {
    if (part !== undefined) refetch(runKeys.part(summary.id, part));
  }
}

/** What is compared: members move on; one that ended, or is new to a group, changes who the members are. */
function applyToEntries(cache: QueryClient, arrived: RunSummary[], refetch: (key: readonly unknown[]) => void) {
  const byId = new Map(arrived.map((summary) => [summary.id, summary]));
  cache.setQueriesData<EntryList>({ queryKey: compareKeys.entries }, (list) => {
    if (list === undefined) return undefined;
    let changed = false;
    const entries = list.entries.map((entry) => ({
      ...entry,
      runs: entry.runs.map((run) => {
        const summary = byId.get(run.id);
        if (summary === undefined) return run;
        changed = true;
        const moved = movedTopics(run, summary);
        if (moved.has("scalars")) refetch(compareKeys.speedup);
        if (moved.has("state")) refetch(compareKeys.entries);
        return newer(run, summary);
      }),
    }));
    const joined = list.entries.some(
      ({ is_group, name, runs }) =>
        is_group && arrived.some(({ id, group }) => group === name && !runs.some((run) => run.id === id)),
    );
    if (joined) refetch(compareKeys.entries);
    return changed ? { ...list, entries } : list;
  });
}
