import { SmallTable, type TableData } from "~/components/SmallTable";
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

/** To find one's way by. */
export function PaperTable() {
  return (
    <details className={classes.paper}>
      <summary>The paper's values, for orientation: other models, other scales</summary>
      <SmallTable
        table={PAPER}
        caption="Reported by the paper, averaged over all attention and MLP matrices, one seed"
      />
    </details>
  );
}
