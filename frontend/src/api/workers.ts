import { queryOptions } from "@tanstack/react-query";
import { client, unwrap } from "./client";

export const workersKey = ["workers"] as const;

/** Workers announce nothing of their own, so their page asks again. */
export const workersQuery = () =>
  queryOptions({
    queryKey: workersKey,
    queryFn: ({ signal }) => unwrap(client.GET("/api/workers", { signal })),
    refetchInterval: 3000,
  });

export const forgetWorker = (id: string) =>
  unwrap(client.DELETE("/api/workers/{worker_id}", { params: { path: { worker_id: id } } }));
