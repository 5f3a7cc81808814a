import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { get } from "./client";

/** Models of the hub whose name contains a text, the most downloaded first. */
export const hubModelsQuery = (search: string) =>
  queryOptions({
    queryKey: ["hub-models", search] as const,
    queryFn: get("/api/hub/models", { query: { search, limit: 20 } }),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
    retry: false,
  });
