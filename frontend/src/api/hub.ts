import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { client, get, unwrap } from "./client";

const patient = { placeholderData: keepPreviousData, staleTime: 60_000, retry: false } as const;

/** Models of the hub whose name contains a text, the most downloaded first. */
export const hubModelsQuery = (search: string) =>
  queryOptions({
    queryKey: ["hub-models", search] as const,
    queryFn: get("/api/hub/models", { query: { search, limit: 20 } }),
    ...patient,
  });

/** Data sets, likewise. */
export const hubDatasetsQuery = (search: string) =>
  queryOptions({
    queryKey: ["hub-datasets", search] as const,
    queryFn: get("/api/hub/datasets", { query: { search, limit: 20 } }),
    ...patient,
  });

/** The configurations of a data set, and the splits of one of them. */
export const hubPartsQuery = (repoId: string, revision: string, configuration: string) =>
  queryOptions({
    queryKey: ["hub-parts", repoId, revision, configuration] as const,
    queryFn: get("/api/hub/datasets/parts", { query: { repo_id: repoId, revision, configuration } }),
    ...patient,
  });

export const HUB_ACCESS = ["hub-access"] as const;

/** Whether the server has a token of the hub, which it never tells. */
export const hubAccessQuery = () => queryOptions({ queryKey: HUB_ACCESS, queryFn: get("/api/hub/token") });

/** An empty one is forgotten. */
export const storeHubToken = (token: string) =>
  unwrap(token === "" ? client.DELETE("/api/hub/token") : client.PUT("/api/hub/token", { body: { token } }));
