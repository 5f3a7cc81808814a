import { queryOptions } from "@tanstack/react-query";
import { client, unwrap } from "./client";

export const installationQuery = () =>
  queryOptions({
    queryKey: ["installation"],
    queryFn: ({ signal }) => unwrap(client.GET("/api/installation", { signal })),
    staleTime: 10_000,
  });
