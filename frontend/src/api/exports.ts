import type { RunSummary } from "~/api/types";
import { download, fileName } from "~/lib/download";
import { client, unwrap } from "./client";

/** All that is stored of a run as a ZIP of tables, or one HTML page about it: the server makes it, the browser saves it. */
export async function takeAway({ id, name }: Pick<RunSummary, "id" | "name">, what: "export" | "report") {
  const asked = { params: { path: { run_id: id } }, parseAs: "blob" } as const;
  const made: unknown = await unwrap(
    what === "export" ? client.GET("/api/runs/{run_id}/export", asked) : client.GET("/api/runs/{run_id}/report", asked),
  );
  download(made as Blob, `${fileName(name)}-${id}.${what === "export" ? "zip" : "html"}`);
}
