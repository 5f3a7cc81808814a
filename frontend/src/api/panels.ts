import { queryOptions } from "@tanstack/react-query";
import type { Extension, PanelData } from "~/lib/figure";
import type { Search } from "~/lib/urlParams";
import { client, unwrap } from "./client";

export const panelListQuery = () =>
  queryOptions({
    queryKey: ["panels"],
    queryFn: ({ signal }) => unwrap(client.GET("/api/panels", { signal })),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const panelKey = (name: string, asked: readonly string[], params: Search, members: readonly string[] = []) =>
  ["panel", name, [...asked], params, [...members]] as const;

/** A whole figure of runs, or of groups with these members; from then on it is only extended. */
export const panelQuery = (name: string, asked: readonly string[], params: Search, members: readonly string[] = []) =>
  queryOptions({
    queryKey: panelKey(name, asked, params, members),
    queryFn: async ({ signal }): Promise<PanelData> => {
      const query = { runs: asked.join(","), ...params };
      return (await unwrap(
        client.GET("/api/panels/{name}", { params: { path: { name }, query }, signal }),
      )) as PanelData;
    },
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    structuralSharing: false,
  });

export async function fetchExtension(
  name: string,
  asked: readonly string[],
  params: Search,
  cursors: Record<string, number>,
  runs: readonly string[],
): Promise<Extension> {
  const after = runs.map((run) => cursors[run] ?? 0).join(",");
  const query = { runs: asked.join(","), after, ...params };
  return (await unwrap(
    client.GET("/api/panels/{name}/extension", { params: { path: { name }, query } }),
  )) as unknown as Extension;
}

const MOST_CHOICES = 200;

/** Runs that a picture can be set against. */
export const runChoicesQuery = () =>
  queryOptions({
    queryKey: ["run-choices"],
    queryFn: async ({ signal }) => {
      const { runs } = await unwrap(client.GET("/api/runs", { params: { query: { limit: MOST_CHOICES } }, signal }));
      return runs.map(({ id, name }) => ({ id, name }));
    },
    staleTime: 10_000,
  });
