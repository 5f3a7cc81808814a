import { queryOptions } from "@tanstack/react-query";
import { client, get, unwrap } from "./client";

export const viewsKey = (page: string) => ["views", page] as const;

/** Views that were saved of a page. */
export const viewsQuery = (page: string) =>
  queryOptions({
    queryKey: viewsKey(page),
    queryFn: get("/api/views", { query: { page } }),
  });

export const saveView = (page: string, name: string, search: string) =>
  unwrap(client.PUT("/api/views", { body: { page, name, search } }));

export const deleteView = (page: string, name: string) =>
  unwrap(client.DELETE("/api/views", { params: { query: { page, name } } }));
