// @vitest-environment jsdom
import { QueryClient } from "@tanstack/react-query";
import { beforeEach, expect, it, vi } from "vitest";
import { compareKeys } from "./compare";
import { liveCache } from "./liveCache";
import { runKeys } from "./runs";
import type { EntryList, RunDetail, RunList, RunRow, RunSummary } from "./types";

const listKey = [...runKeys.lists, "all"];

function summary(id: string, seq: number, topics: Record<string, number> = {}): RunSummary {
  return { id, name: id, seq, topics, rewound_seq: 0, step: seq, latest: {} } as unknown as RunSummary;
}

const row = (id: string): RunRow => ({ ...summary(id, 1), configured: { seed: 1 } });

let cache: QueryClient;
let refetched: string[];

beforeEach(() => {
  cache = new QueryClient();
  refetched = [];
  vi.spyOn(cache, "invalidateQueries").mockImplementation(async (filters) => {
    if (filters?.queryKey !== undefined) refetched.push(filters.queryKey.join(" "));
  });
  cache.setQueryData<RunList>(listKey, { runs: [row("a"), row("b")], total: 2 });
  cache.setQueryData(runKeys.detail("a"), { ...summary("a", 1, { scalars: 1 }), notes: "kept" } as RunDetail);
});

it("puts a report into the table and the run's page without asking the server", () => {
  liveCache(cache).apply([summary("a", 4, { scalars: 4 })]);
  expect(cache.getQueryData<RunList>(listKey)?.runs.map(({ seq }) => seq)).toEqual([4, 1]);
  expect(cache.getQueryData<RunDetail>(runKeys.detail("a"))).toMatchObject({ seq: 4, notes: "kept" });
  expect(refetched).toEqual([]);
});

it("moves the members of what is compared, and asks again when a group changes", () => {
  const key = [...compareKeys.entries, ["group:g"]];
  const entry = { key: "group:g", name: "g", is_group: true, runs: [summary("m", 1, { scalars: 1, state: 1 })] };
  cache.setQueryData<EntryList>(key, { entries: [entry], missing: [] } as unknown as EntryList);
  const live = liveCache(cache);
  live.apply([summary("m", 4, { scalars: 4, state: 1 }), summary("b", 4)]);
  expect(cache.getQueryData<EntryList>(key)?.entries[0]?.runs.map(({ seq }) => seq)).toEqual([4]);
  expect(refetched).toContain("compare speedup");
  expect(refetched).not.toContain("compare entries");
  live.apply([{ ...summary("b", 5), group: "g" }]);
  expect(refetched).toContain("compare entries");
});

it("asks again only for the parts that moved", () => {
  liveCache(cache).apply([summary("a", 4, { scalars: 1, samples: 3, commands: 4 })]);
  expect(refetched.sort()).toEqual(["run a", "run-part a history", "run-part a samples"]);
});

it("asks for alerts again when those of any run moved, once", () => {
  const live = liveCache(cache);
  live.apply([summary("b", 3, { alerts: 3 })]);
  live.apply([summary("b", 4, { alerts: 3, scalars: 4 })]);
  expect(refetched.filter((key) => key === "alerts")).toHaveLength(1);
});

it("reads the list again when it lacks a run", () => {
  liveCache(cache).apply([summary("new", 1)]);
  expect(refetched.filter((key) => key.startsWith("run"))).toEqual(["runs", "run-groups"]);
});

it("takes a repeated event as nothing", () => {
  const live = liveCache(cache);
  live.apply([summary("a", 4, { samples: 4 })]);
  refetched.length = 0;
  live.apply([summary("a", 4, { samples: 4 }), summary("a", 2, { samples: 2 })]);
  expect(refetched).toEqual([]);
  expect(cache.getQueryData<RunDetail>(runKeys.detail("a"))?.seq).toBe(4);
});

it("a deleted run leaves the table, and its page asks again", () => {
  liveCache(cache).remove(["a"]);
  expect(cache.getQueryData<RunList>(listKey)?.runs.map(({ id }) => id)).toEqual(["b"]);
  expect(cache.getQueryData(runKeys.detail("a"))).toBeUndefined();
  expect(refetched.sort()).toEqual(["alerts", "analyses", "compare entries", "home", "run-groups", "runs"]);
});

it("asks again what a launch would do when a worker comes or goes, or the line of runs moves", () => {
  const live = liveCache(cache);
  live.workersMoved();
  expect(refetched).toEqual(["launch-plan", "workers"]);
});
