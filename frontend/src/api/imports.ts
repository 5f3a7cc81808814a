import { queryOptions } from "@tanstack/react-query";
import { client, get, unwrap } from "./client";
import type { ImportConfig } from "./types";

export type FilesAsked = "none" | "data" | "gguf";

/** What lies in a folder of the server; an empty path asks for the folders to begin from. */
export const foldersQuery = (path: string, files: FilesAsked = "none") =>
  queryOptions({
    queryKey: ["import-folders", path, files] as const,
    queryFn: get("/api/imports/folders", { query: { path, files } }),
    retry: false,
  });

export const startImport = (config: ImportConfig) =>
  unwrap(client.POST("/api/imports", { body: { config, group: "", tags: [], notes: "" } }));
