import { useMemo } from "react";
import type { RunDetail } from "~/api/types";
import { Panel } from "~/components/panel/Panel";
import { SpectralTable } from "../run/tabs/Spectrum";
import classes from "./ComparePage.module.css";

interface ComparisonPanelsProps {
  runs: readonly RunDetail[];
  reference: RunDetail;
}

/** The signature pictures as small multiples on one scale; for two runs also their difference. */
export function ComparisonPanels({ runs, reference }: ComparisonPanelsProps) {
  const pair = useMemo(() => {
    const other = runs.find(({ id }) => id !== reference.id);
    return runs.length === 2 && other ? [reference, other] : null;
  }, [runs, reference]);
  return (
    <section className={classes.plain}>
      <header className={classes.sectionHead}>
        <h2>What happens to the weights?</h2>
      </header>
      <div className={classes.multiples} data-pair={pair !== null}>
        <Panel
          name="module_allocation"
          title="Where does the update go?"
          runs={runs}
          primary={["statistic", "scale"]}
          height={320}
        />
        {pair && <Panel name="difference" runs={pair} primary={["statistic", "mode"]} height={320} />}
      </div>
      <div className={classes.stack}>
        <Panel
          name="alignment"
          title="Is the direction locked in?"
          runs={runs}
          primary={["measure", "k", "grouping"]}
          height={260}
        />
        <Panel
          name="decisions"
          title="How far did we dare to jump?"
          runs={runs}
          height={280}
          emptyHint="None of these runs has tried an extrapolation."
        />
        <Panel
          name="spectrum"
          title="Is the update low-rank?"
          runs={runs}
          scope="spectrum"
          primary={["statistic", "grouping"]}
          height={260}
        />
      </div>
      <SpectralTable runs={runs} />
    </section>
  );
}
