import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { quoted } from "~/lib/queryCompletion";
import { client, get, unwrap } from "./client";
import type { BulkChange, CommandRequest, RunDetail, RunSummary } from "./types";
import { userName } from "./userName";

export const runKeys = {
  lists: ["runs"] as const,
  groups: ["run-groups"] as const,
  fields: ["run-fields"] as const,
  detail: (id: string) => ["run", id] as const,
  part: (id: string, part: string) => ["run-part", id, part] as const,
};

const PAGE = 500;

/** All runs, newest first; filters are the table's. */
export const runListQuery = () =>
  queryOptions({
    queryKey: [...runKeys.lists, "all"],
    queryFn: get("/api/runs", { query: { limit: PAGE } }),
  });

/** What a table asks for; moving: whether the answer changes with each step of a run. */
export interface RunQuestion {
  query: string;
  sort: string;
  columns: string;
  /** Ids of runs that come before the others, separated by commas. */
  first: string;
  moving: boolean;
}

export const TABLE_PAGE = 100;

/** One page of the runs table. */
export const runPageQuery = ({ query, sort, columns, first, moving }: RunQuestion, page: number) =>
  queryOptions({
    queryKey: [...runKeys.lists, "page", { query, sort, columns, first, moving }, page] as const,
    queryFn: get("/api/runs", { query: { query, sort, columns, first, limit: TABLE_PAGE, offset: page * TABLE_PAGE } }),
    retry: false,
  });

/** Runs that are drawn together: the first of those that match. */
export const drawnRunsQuery = (wanted: { query: string; sort: string; first: string; limit: number }) =>
  queryOptions({
    queryKey: [...runKeys.lists, "drawn", wanted] as const,
    queryFn: get("/api/runs", { query: wanted }),
    retry: false,
  });

export interface GroupQuestion {
  query: string;
  by: string;
  measures: string;
  sort: string;
}

const MOST_GROUPS = 1000;

export const runGroupsQuery = ({ query, by, measures, sort }: GroupQuestion) =>
  queryOptions({
    queryKey: [...runKeys.groups, { query, by, measures, sort }] as const,
    queryFn: get("/api/runs/groups", { query: { query, by, measures, sort, limit: MOST_GROUPS } }),
    retry: false,
  });

/** Everything a query can name. */
export const runFieldsQuery = () =>
  queryOptions({
    queryKey: runKeys.fields,
    queryFn: get("/api/runs/fields"),
    staleTime: 60_000,
  });

export const actOnRuns = (change: BulkChange) =>
  unwrap(client.POST("/api/runs/bulk", { params: { header: asked() }, body: { tags: [], ...change } }));

/** An answer that was overtaken by a live event keeps the event's news. */
function keepNews(old: unknown, fetched: unknown): unknown {
  const before = old as RunDetail | undefined;
  const after = fetched as RunDetail;
  if (before === undefined || before.seq <= after.seq) return after;
  const { config, notes, commands_pending, wrong_field } = after;
  return { ...before, config, notes, commands_pending, wrong_field };
}

export const runQuery = (id: string) =>
  queryOptions({
    queryKey: runKeys.detail(id),
    queryFn: get("/api/runs/{run_id}", { path: { run_id: id } }),
    structuralSharing: keepNews,
  });

export const historyQuery = (id: string) =>
  queryOptions({
    queryKey: runKeys.part(id, "history"),
    queryFn: get("/api/runs/{run_id}/history", { path: { run_id: id } }),
  });

export const checkpointsQuery = (id: string) =>
  queryOptions({
    queryKey: runKeys.part(id, "checkpoints"),
    queryFn: get("/api/runs/{run_id}/checkpoints", { path: { run_id: id } }),
  });

export const lineageQuery = (id: string) =>
  queryOptions({
    queryKey: runKeys.part(id, "lineage"),
    queryFn: get("/api/runs/{run_id}/lineage", { path: { run_id: id } }),
  });

/** Which pictures draw the run's scalars; asked for again when it has others. */
export const curvesQuery = ({ id, latest }: RunSummary) =>
  queryOptions({
    queryKey: [...runKeys.part(id, "curves"), Object.keys(latest).sort().join()] as const,
    queryFn: get("/api/runs/{run_id}/curves", { path: { run_id: id } }),
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
  });

export const decisionsQuery = (id: string) =>
  queryOptions({
    queryKey: runKeys.part(id, "decisions"),
    queryFn: get("/api/runs/{run_id}/decisions", { path: { run_id: id } }),
  });

export const samplesQuery = (id: string, step: number | null) =>
  queryOptions({
    queryKey: [...runKeys.part(id, "samples"), step],
    queryFn: get("/api/runs/{run_id}/samples", { path: { run_id: id }, query: step === null ? {} : { step } }),
  });

/** Who asks, for the audit trail. */
const asked = () => ({ "x-opdboard-client": "web" as const, "x-opdboard-user": encodeURIComponent(userName.get()) });

const at = (id: string) => ({ path: { run_id: id } });

export const changeRun = (id: string, changes: { name?: string; notes?: string; tags?: string[]; group?: string }) =>
  unwrap(client.PATCH("/api/runs/{run_id}", { params: at(id), body: changes }));

export const deleteRun = (id: string) => unwrap(client.DELETE("/api/runs/{run_id}", { params: at(id) }));

export const giveCommand = (id: string, request: CommandRequest) =>
  unwrap(
    client.POST("/api/runs/{run_id}/commands", {
      params: { ...at(id), header: asked() },
      body: request,
    }),
  );

const FOUND = 8;

/** A few runs that contain the text, the newest first. */
export const foundRunsQuery = (text: string) =>
  queryOptions({
    queryKey: ["found-runs", text],
    queryFn: get("/api/runs", { query: { query: text === "" ? "" : quoted(text), limit: FOUND } }),
  });
