import { useQuery } from "@tanstack/react-query";
import { analysesQuery, interventionsQuery } from "~/api/analyses";
import { AnalysisPanels } from "~/components/panel/AnalysisPanels";
import { Section } from "./Section";
import type { Compared } from "./useComparison";

/** What came of changed weights, runs and groups over each other: OPD against RL at equal norm, for one. */
export function ComparedAnalyses({ entries, runs, keys }: Compared) {
  const { data } = useQuery(analysesQuery(keys));
  const { data: interventions } = useQuery(interventionsQuery());
  if (!data || !interventions || data.analyses.every(({ step }) => step === 0)) return null;
  const known = new Set(entries.flatMap((entry) => entry.runs.map(({ id }) => id)));
  const analyses = data.analyses.filter(({ run_id }) => known.has(run_id));
  return (
    <Section title="What if the weights were changed?" testId="compared-analyses">
      <AnalysisPanels analyses={analyses} interventions={interventions} runs={runs} entries={keys} />
    </Section>
  );
}
