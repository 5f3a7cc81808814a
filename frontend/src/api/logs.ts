import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { client, get, unwrap } from "./client";
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
    queryFn: get("/api/runs/{run_id}/logs", { path: { run_id: run }, query: { ...choice, limit: 1 } }),
    placeholderData: keepPreviousData,
  });

/** One page of lines; lines never change, so that a full page is asked for once. `lines`: how many it has by now. */
export const logPageQuery = (run: string, choice: LogChoice, page: number, lines: number) =>
  queryOptions({
    queryKey: ["log-page", run, choice, page, lines],
    queryFn: get("/api/runs/{run_id}/logs", {
      path: { run_id: run },
      query: { ...choice, offset: page * LOG_PAGE, limit: LOG_PAGE },
    }),
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
  });

/** Where a text is in the whole log, also in lines that are not loaded. */
export const logMatchesQuery = (run: string, choice: LogChoice, search: string) =>
  queryOptions({
    queryKey: [...runKeys.part(run, "logs"), "matches", choice, search],
    queryFn: get("/api/runs/{run_id}/logs/matches", { path: { run_id: run }, query: { ...choice, search } }),
    enabled: search !== "",
    placeholderData: keepPreviousData,
  });

const MOST_AT_ONCE = 10_000;

/** Every chosen line, for a file or the clipboard. */
export async function wholeLog(run: string, choice: LogChoice, total: number) {
  const lines = [];
  for (let offset = 0; offset < total; offset += MOST_AT_ONCE) {
    const params = { path: { run_id: run }, query: { ...choice, offset, limit: MOST_AT_ONCE } };
    lines.push(...(await unwrap(client.GET("/api/runs/{run_id}/logs", { params }))).lines);
  }
  return lines;
}
