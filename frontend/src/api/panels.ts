import { keepPreviousData, type QueryFunction, queryOptions } from "@tanstack/react-query";
import { download } from "~/lib/download";
import type { Extension, PanelData } from "~/lib/figure";
import type { Search } from "~/lib/urlParams";
import { client, get, unwrap } from "./client";

export const panelListQuery = () =>
  queryOptions({
    queryKey: ["panels"],
    queryFn: get("/api/panels"),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const panelKey = (name: string, asked: readonly string[], params: Search, members: readonly string[] = []) =>
  ["panel", name, [...asked], params, [...members]] as const;

/** A whole figure of runs, or of groups with these members; from then on it is only extended. */
export const panelQuery = (name: string, asked: readonly string[], params: Search, members: readonly string[] = []) =>
  queryOptions({
    queryKey: panelKey(name, asked, params, members),
    queryFn: get("/api/panels/{name}", {
      path: { name },
      query: { runs: asked.join(","), ...params },
    }) as QueryFunction<PanelData, ReturnType<typeof panelKey>>,
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
  path: { name },
  query: { runs: asked.join(","), ...params },
});

/** A picture's numbers as they are when its figure is at the cursor. */
export const tableQuery = (request: TableRequest, cursor: string) =>
  queryOptions({
    queryKey: ["panel-table", request, cursor] as const,
    queryFn: get("/api/panels/{name}/table", tableOf(request)),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 10_000,
    placeholderData: keepPreviousData,
  });

/** All rows of a picture's table as a CSV file: the server makes it, the browser saves it. */
export async function downloadTable(request: TableRequest, filename: string) {
  const asked = { params: tableOf(request), parseAs: "blob" } as const;
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
