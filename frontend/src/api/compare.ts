import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { download } from "~/lib/download";
import { client, get, unwrap } from "./client";

export const compareKeys = {
  entries: ["compare", "entries"] as const,
  speedup: ["compare", "speedup"] as const,
};

/** The runs and groups that are compared, with the groups' members. */
export const entriesQuery = (keys: readonly string[]) =>
  queryOptions({
    queryKey: [...compareKeys.entries, [...keys]],
    queryFn: get("/api/compare/entries", { query: { runs: keys.join(",") } }),
    placeholderData: keepPreviousData,
    enabled: keys.length > 0,
  });

/** Runs and groups that could be compared, found by the server. */
export const choicesQuery = (search: string) =>
  queryOptions({
    queryKey: ["compare", "choices", search],
    queryFn: get("/api/compare/choices", { query: { search } }),
    placeholderData: keepPreviousData,
    staleTime: 5_000,
  });

export const configDifferenceQuery = (keys: readonly string[]) =>
  queryOptions({
    queryKey: ["compare", "config", [...keys]],
    queryFn: get("/api/compare/config", { query: { runs: keys.join(",") } }),
    placeholderData: keepPreviousData,
  });

export interface SpeedupQuestion {
  keys: readonly string[];
  reference: string;
  metric: string;
  share: number;
}

export const speedupQuery = ({ keys, reference, metric, share }: SpeedupQuestion) =>
  queryOptions({
    queryKey: [...compareKeys.speedup, [...keys], reference, metric, share],
    queryFn: get("/api/compare/speedup", { query: { runs: keys.join(","), reference, metric, share } }),
    placeholderData: keepPreviousData,
  });

/** The meter's table as a CSV file, numbers in full. */
export async function downloadSpeedup({ keys, reference, metric, share }: SpeedupQuestion) {
  const query = { runs: keys.join(","), reference, metric, share };
  const made: unknown = await unwrap(client.GET("/api/compare/speedup.csv", { params: { query }, parseAs: "blob" }));
  download(made as Blob, "speed-up.csv");
}
