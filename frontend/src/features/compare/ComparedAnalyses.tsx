import { useQuery } from "@tanstack/react-query";
import { analysesQuery, interventionsQuery } from "~/api/analyses";
import type { Entry, RunSummary } from "~/api/types";
import { AnalysisPanels } from "~/components/panel/AnalysisPanels";
import classes from "./ComparePage.module.css";

interface ComparedAnalysesProps {
  entries: readonly Entry[];
  runs: readonly RunSummary[];
  keys: readonly string[];
}

/** What came of changed weights, runs and groups over each other: OPD against RL at equal norm, for one. */
export function ComparedAnalyses({ entries, runs, keys }: ComparedAnalysesProps) {
  const { data } = useQuery(analysesQuery(keys));
  const { data: interventions } = useQuery(interventionsQuery());
  if (!data || !interventions || data.analyses.every(({ step }) => step === 0)) return null;
  const known = new Set(entries.flatMap((entry) => entry.runs.map(({ id }) => id)));
  const analyses = data.analyses.filter(({ run_id }) => known.has(run_id));
  return (
    <section className={classes.plain} data-testid="compared-analyses">
      <header className={classes.sectionHead}>
        <h2>What if the weights were changed?</h2>
      </header>
      <AnalysisPanels analyses={analyses} interventions={interventions} runs={runs} entries={keys} />
    </section>
  );
}
