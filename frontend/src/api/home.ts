import { queryOptions } from "@tanstack/react-query";
import { get } from "./client";
import type { Home } from "./types";

export const homeKey = ["home"] as const;
const WAITING_MS = 5_000;

/** Followed through live events; why runs wait depends on workers, which announce nothing. */
export const homeQuery = () =>
  queryOptions<Home>({
    queryKey: homeKey,
    queryFn: get("/api/home"),
    refetchInterval: (query) => ((query.state.data?.waiting.length ?? 0) > 0 ? WAITING_MS : false),
  });
