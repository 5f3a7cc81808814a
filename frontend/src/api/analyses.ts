import { queryOptions } from "@tanstack/react-query";
import { client, get, unwrap } from "./client";

export const analysisKeys = { lists: ["analyses"] as const };

/** Every kind of analysis with the schema that draws its form. */
export const interventionsQuery = () =>
  queryOptions({
    queryKey: ["interventions"],
    queryFn: get("/api/analyses/interventions"),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** The analyses of runs, or of the members of groups; the latest first. */
export const analysesQuery = (keys: readonly string[]) =>
  queryOptions({
    queryKey: [...analysisKeys.lists, [...keys]],
    queryFn: get("/api/analyses", { query: { runs: keys.join(",") } }),
  });

/** One analysis with all that it has found so far. */
export const analysisQuery = (id: string) =>
  queryOptions({
    queryKey: [...analysisKeys.lists, "found", id],
    queryFn: get("/api/analyses/{run_id}", { path: { run_id: id } }),
  });

export const queueAnalysis = (runId: string, kind: string, parameters: Record<string, unknown>) =>
  unwrap(
    client.POST("/api/analyses", {
      body: { config: { kind, run_id: runId, name: "", parameters, device: "auto" }, group: "", tags: [], notes: "" },
    }),
  );
