import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { download } from "~/lib/download";
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

/** Which numbers: of what picture, of which runs or groups with these members, with which parameters. */
export interface TableRequest {
  name: string;
  asked: readonly string[];
  members: readonly string[];
  params: Search;
}

const tableOf = ({ name, asked, params }: TableRequest) => ({
  params: { path: { name }, query: { runs: asked.join(","), ...params } },
});

/** A picture's numbers as they are when its figure is at the cursor. */
export const tableQuery = (request: TableRequest, cursor: string) =>
  queryOptions({
    queryKey: ["panel-table", request, cursor] as const,
    queryFn: ({ signal }) => unwrap(client.GET("/api/panels/{name}/table", { ...tableOf(request), signal })),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 10_000,
    placeholderData: keepPreviousData,
  });

/** All rows of a picture's table as a CSV file: the server makes it, the browser saves it. */
export async function downloadTable(request: TableRequest, filename: string) {
  const asked = { ...tableOf(request), parseAs: "blob" } as const;
  const made: unknown = await unwrap(client.GET("/api/panels/{name}/table.csv", asked));
  download(made as Blob, `${filename}.csv`);
}

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
