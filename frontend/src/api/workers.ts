import { queryOptions } from "@tanstack/react-query";
import { client, unwrap } from "./client";

/** Workers announce nothing of their own, so their page asks again. */
export const workersQuery = () =>
  queryOptions({
    queryKey: ["workers"],
    queryFn: ({ signal }) => unwrap(client.GET("/api/workers", { signal })),
    refetchInterval: 3000,
  });
