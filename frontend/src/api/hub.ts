import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { get } from "./client";

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
