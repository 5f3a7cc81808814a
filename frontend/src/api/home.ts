import { queryOptions } from "@tanstack/react-query";
import { client, unwrap } from "./client";

export const homeKey = ["home"] as const;
const WAITING_MS = 5_000;

/** Followed through live events; why runs wait depends on workers, which announce nothing. */
export const homeQuery = () =>
  queryOptions({
    queryKey: homeKey,
    queryFn: ({ signal }) => unwrap(client.GET("/api/home", { signal })),
    refetchInterval: (query) => ((query.state.data?.waiting.length ?? 0) > 0 ? WAITING_MS : false),
  });
