import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { client, get, unwrap } from "./client";
import type { DataIn, RunConfig, SweepCreate, SweepIn } from "./types";

export const presetsQuery = () =>
  queryOptions({
    queryKey: ["presets"],
    queryFn: get("/api/presets"),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const configSchemaQuery = () =>
  queryOptions({
    queryKey: ["schema", "run-config"],
    queryFn: get("/api/schema/run-config"),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const planKey = ["launch-plan"] as const;

/** What launching this would do, with what was asked: while the next plan is computed the last one stands. It is asked again as workers and runs come and go. */
export const planQuery = (asked: SweepIn) =>
  queryOptions({
    queryKey: [...planKey, asked],
    queryFn: async ({ signal }) => ({
      asked,
      plan: await unwrap(client.POST("/api/launch/plan", { body: asked, signal })),
    }),
    placeholderData: keepPreviousData,
    gcTime: 60_000,
  });

/** What the first rows of data files hold, as far as the web server can see them. */
export const dataQuery = (asked: DataIn) =>
  queryOptions({
    queryKey: ["launch-data", asked],
    queryFn: ({ signal }) => unwrap(client.POST("/api/launch/data", { body: asked, signal })),
    placeholderData: keepPreviousData,
    gcTime: 60_000,
  });

/** What changes nothing of what is computed. */
export interface RunLabels {
  group: string;
  tags: string[];
  notes: string;
}

export const launchRun = (config: RunConfig, labels: RunLabels, copiedFrom: string | undefined) =>
  unwrap(client.POST("/api/runs", { body: { config, ...labels, copied_from: copiedFrom ?? null } }));

export const launchDemo = () => unwrap(client.POST("/api/launch/demo"));

export const launchSweep = (body: SweepCreate) => unwrap(client.POST("/api/launch/sweep", { body }));
