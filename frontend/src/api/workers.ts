import { queryOptions } from "@tanstack/react-query";
import { client, get, unwrap } from "./client";

export const workersKey = ["workers"] as const;

/** Workers announce nothing of their own, so their page asks again. */
export const workersQuery = () =>
  queryOptions({
    queryKey: workersKey,
    queryFn: get("/api/workers"),
    refetchInterval: 3000,
  });

export const forgetWorker = (id: string) =>
  unwrap(client.DELETE("/api/workers/{worker_id}", { params: { path: { worker_id: id } } }));
