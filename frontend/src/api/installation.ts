import { queryOptions } from "@tanstack/react-query";
import { get } from "./client";

export const installationQuery = () =>
  queryOptions({
    queryKey: ["installation"],
    queryFn: get("/api/installation"),
    staleTime: 10_000,
  });
