import { queryOptions } from "@tanstack/react-query";
import { client, unwrap } from "./client";

export const analysisKeys = { lists: ["analyses"] as const };

/** Every kind of analysis with the schema that draws its form. */
export const interventionsQuery = () =>
  queryOptions({
    queryKey: ["interventions"],
    queryFn: ({ signal }) => unwrap(client.GET("/api/analyses/interventions", { signal })),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** The analyses of runs, or of the members of groups; the latest first. */
export const analysesQuery = (keys: readonly string[]) =>
  queryOptions({
    queryKey: [...analysisKeys.lists, [...keys]],
    queryFn: ({ signal }) =>
      unwrap(client.GET("/api/analyses", { params: { query: { runs: keys.join(",") } }, signal })),
  });

export const queueAnalysis = (runId: string, kind: string, parameters: Record<string, unknown>) =>
  unwrap(
    client.POST("/api/analyses", {
      body: { config: { kind, run_id: runId, name: "", parameters, device: "auto" }, group: "", tags: [], notes: "" },
    }),
  );
