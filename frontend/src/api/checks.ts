import { queryOptions } from "@tanstack/react-query";
import { ApiError, client, get, unwrap } from "./client";
import { runKeys } from "./runs";
import type { Check, RunConfig } from "./types";

/** What was found before the run's first step; null where there is nothing yet. */
export const checkQuery = (id: string) =>
  queryOptions({
    queryKey: runKeys.part(id, "check"),
    queryFn: async (context): Promise<Check | null> => {
      try {
        return await get("/api/runs/{run_id}/check", { path: { run_id: id } })(context);
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      }
    },
  });

export const askCheck = (config: RunConfig) => unwrap(client.POST("/api/checks", { body: { config } }));
