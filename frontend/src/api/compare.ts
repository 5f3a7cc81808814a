import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { client, unwrap } from "./client";

export const configDifferenceQuery = (runs: readonly string[]) =>
  queryOptions({
    queryKey: ["compare", "config", [...runs]],
    queryFn: ({ signal }) =>
      unwrap(client.GET("/api/compare/config", { params: { query: { runs: runs.join(",") } }, signal })),
    placeholderData: keepPreviousData,
  });

export interface SpeedupQuestion {
  runs: readonly string[];
  reference: string;
  metric: string;
  share: number;
}

export const speedupQuery = ({ runs, reference, metric, share }: SpeedupQuestion) =>
  queryOptions({
    queryKey: ["compare", "speedup", [...runs], reference, metric, share],
    queryFn: ({ signal }) =>
      unwrap(
        client.GET("/api/compare/speedup", {
          params: { query: { runs: runs.join(","), reference, metric, share } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });
