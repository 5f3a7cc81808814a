import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { panelQuery } from "~/api/panels";
import type { RunSummary } from "~/api/types";
import { panelParams, type Search } from "~/lib/urlParams";
import { MetaTable, type TableData } from "./MetaTable";
import { useView } from "./useView";

interface SpectralTableProps {
  runs: readonly RunSummary[];
  /** Runs and groups that are asked for, where groups are drawn. */
  entries?: readonly string[];
  fixed?: Search;
  caption: string;
  children?: ReactNode;
}

/** The table that comes with a spectral picture of these runs on the same page. */
export function SpectralTable({ runs, entries, fixed, caption, children }: SpectralTableProps) {
  const [search] = useView();
  const ids = runs.map(({ id }) => id);
  const params = { ...panelParams(search, "spectrum"), ...fixed };
  const { data } = useQuery(panelQuery("spectrum", entries ?? ids, params, entries && ids));
  const table = data?.meta.table as TableData | null | undefined;
  if (!table || table.rows.length === 0) return null;
  return (
    <section className="card" data-testid="spectral-table">
      <MetaTable table={table} caption={caption} />
      {children}
    </section>
  );
}
