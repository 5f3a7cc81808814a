import { useQuery } from "@tanstack/react-query";
import { panelQuery } from "~/api/panels";
import type { RunSummary } from "~/api/types";
import { MetaTable, type TableData } from "~/components/MetaTable";
import { useView } from "~/components/useView";
import { panelParams } from "~/lib/urlParams";
import classes from "./ComparePage.module.css";

/** What the paper reports after RL and after OPD, without seeds or intervals. */
const PAPER: TableData = {
  columns: ["model", "spectral norm", "spectral / Frobenius", "effective rank", "norm in the top 1% of the rank"],
  rows: [
    ["1.5B RL", 0.094, "33.2 %", 964, "78.1 %"],
    ["1.5B OPD", 0.113, "39.6 %", 778, "92.3 %"],
    ["4B RL", 0.007, "19.7 %", 1908, "79.2 %"],
    ["4B OPD", 0.009, "25.7 %", 1587, "93.4 %"],
    ["8B RL", 0.004, "32.7 %", 2754, "88.5 %"],
    ["8B OPD", 0.005, "36.8 %", 2341, "94.7 %"],
    ["14B RL", 0.056, "24.4 %", 3174, "81.2 %"],
    ["14B OPD", 0.063, "28.1 %", 2937, "94.5 %"],
  ],
};

interface SpectralTableProps {
  runs: readonly RunSummary[];
  keys: readonly string[];
}

/** The table that comes with the spectral picture above, and the paper's to find one's way by. */
export function SpectralTable({ runs, keys }: SpectralTableProps) {
  const [search] = useView();
  const members = runs.map(({ id }) => id);
  const { data } = useQuery(panelQuery("spectrum", keys, panelParams(search, "spectrum"), members));
  const table = data?.meta.table as TableData | null | undefined;
  if (!table || table.rows.length === 0) return null;
  return (
    <section className={`card ${classes.section}`} data-testid="spectral-table">
      <MetaTable
        table={table}
        caption="Means over all attention and MLP matrices at the latest snapshot; groups: mean ± half of the 95 % interval over seeds"
      />
      <details className={classes.paper}>
        <summary>The paper's values, for orientation: other models, other scales</summary>
        <MetaTable
          table={PAPER}
          caption="Reported by the paper, averaged over all attention and MLP matrices, one seed"
        />
      </details>
    </section>
  );
}
