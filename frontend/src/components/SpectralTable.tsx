import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { panelQuery, tableQuery } from "~/api/panels";
import type { RunSummary } from "~/api/types";
import { panelParams, type Search } from "~/lib/urlParams";
import { SmallTable } from "./SmallTable";
import { useView } from "./useView";

interface SpectralTableProps {
  runs: readonly RunSummary[];
  /** Runs and groups that are asked for, where groups are drawn. */
  entries?: readonly string[];
  fixed?: Search;
  caption: string;
  children?: ReactNode;
}

/** All spectral measures at the latest snapshot, as a spectral picture of these runs on the same page has it. */
export function SpectralTable({ runs, entries, fixed, caption, children }: SpectralTableProps) {
  const [search] = useView();
  const ids = runs.map(({ id }) => id);
  const params = { ...panelParams(search, "spectrum"), ...fixed };
  const asked = entries ?? ids;
  const members = entries ? ids : [];
  const { data: picture } = useQuery(panelQuery("spectrum", asked, params, members));
  const request = { name: "spectrum", asked, members, params: { numbers: "latest" } };
  const { data } = useQuery({
    ...tableQuery(request, Object.values(picture?.cursors ?? {}).join()),
    enabled: picture !== undefined,
  });
  if (!data || data.count === 0) return null;
  return (
    <section className="card" data-testid="spectral-table">
      <SmallTable table={{ columns: data.columns.map(({ heading }) => heading), rows: data.rows }} caption={caption} />
      {children}
    </section>
  );
}
