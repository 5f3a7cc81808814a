import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { client, unwrap } from "./client";
import { runKeys } from "./runs";

export const LOG_PAGE = 500;

export interface LogChoice {
  attempt?: number;
  level?: "warning" | "error";
}

/** How many lines there are, and of which attempts; live events ask again. */
export const logHeadQuery = (run: string, choice: LogChoice) =>
  queryOptions({
    queryKey: [...runKeys.part(run, "logs"), "head", choice],
    queryFn: async ({ signal }) => {
      const query = { ...choice, limit: 1 };
      const { total, attempts } = await unwrap(
        client.GET("/api/runs/{run_id}/logs", { params: { path: { run_id: run }, query }, signal }),
      );
      return { total, attempts };
    },
    placeholderData: keepPreviousData,
  });

/** One page of lines; lines never change, so that a full page is asked for once. `lines`: how many it has by now. */
export const logPageQuery = (run: string, choice: LogChoice, page: number, lines: number) =>
  queryOptions({
    queryKey: ["log-page", run, choice, page, lines],
    queryFn: ({ signal }) => fetchLog(run, choice, page * LOG_PAGE, LOG_PAGE, signal),
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
  });

/** Where a text is in the whole log, also in lines that are not loaded. */
export const logMatchesQuery = (run: string, choice: LogChoice, search: string) =>
  queryOptions({
    queryKey: [...runKeys.part(run, "logs"), "matches", choice, search],
    queryFn: ({ signal }) =>
      unwrap(
        client.GET("/api/runs/{run_id}/logs/matches", {
          params: { path: { run_id: run }, query: { ...choice, search } },
          signal,
        }),
      ),
    enabled: search !== "",
    placeholderData: keepPreviousData,
  });

async function fetchLog(run: string, choice: LogChoice, offset: number, limit: number, signal?: AbortSignal) {
  const query = { ...choice, offset, limit };
  const { lines } = await unwrap(
    client.GET("/api/runs/{run_id}/logs", { params: { path: { run_id: run }, query }, ...(signal ? { signal } : {}) }),
  );
  return lines;
}

const MOST_AT_ONCE = 10_000;

/** Every chosen line, for a file or the clipboard. */
export async function wholeLog(run: string, choice: LogChoice, total: number) {
  const lines = [];
  for (let offset = 0; offset < total; offset += MOST_AT_ONCE) {
    lines.push(...(await fetchLog(run, choice, offset, MOST_AT_ONCE)));
  }
  return lines;
}
