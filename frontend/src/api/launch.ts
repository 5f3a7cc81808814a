import { queryOptions } from "@tanstack/react-query";
import { client, unwrap } from "./client";

export const presetsQuery = () =>
  queryOptions({
    queryKey: ["presets"],
    queryFn: ({ signal }) => unwrap(client.GET("/api/presets", { signal })),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const configSchemaQuery = () =>
  queryOptions({
    queryKey: ["schema", "run-config"],
    queryFn: ({ signal }) => unwrap(client.GET("/api/schema/run-config", { signal })),
    staleTime: Number.POSITIVE_INFINITY,
  });
