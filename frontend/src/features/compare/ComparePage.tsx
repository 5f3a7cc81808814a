import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Empty } from "~/components/Empty";
import { Loading } from "~/components/Loading";
import classes from "./ComparePage.module.css";
import { ComparisonPanels } from "./ComparisonPanels";
import { ConfigDifferences } from "./ConfigDifferences";
import { Overlays } from "./Overlays";
import { RunChips } from "./RunChips";
import { RunNotes } from "./RunNotes";
import { SpeedupMeter } from "./SpeedupMeter";
import { useComparison } from "./useComparison";

/** Two to six runs side by side. */
export function ComparePage() {
  const comparison = useComparison();
  const { runs, reference, ids, pending } = comparison;
  return (
    <div className="page">
      <div className="page-head">
        <h1>Compare</h1>
      </div>
      <RunChips comparison={comparison} />
      {pending && runs.length === 0 && ids.length > 0 && <Loading label="Reading the runs" />}
      {ids.length < 2 && (
        <div className="card" style={{ minHeight: 220, display: "grid" }}>
          <Empty
            title={ids.length === 0 ? "Choose two to six runs" : "Add a second run"}
            action={
              <Button component={Link} to="/runs" variant="default">
                Select them in the table of runs
              </Button>
            }
          >
            Their curves are drawn over each other, on steps, tokens or seconds, and their weights side by side.
          </Empty>
        </div>
      )}
      {runs.length >= 2 && reference !== undefined && (
        <div className={classes.sections}>
          <SpeedupMeter runs={runs} reference={reference} />
          <Overlays runs={runs} />
          <ComparisonPanels runs={runs} reference={reference} />
          <ConfigDifferences runs={runs} />
          <RunNotes runs={runs} />
        </div>
      )}
    </div>
  );
}
