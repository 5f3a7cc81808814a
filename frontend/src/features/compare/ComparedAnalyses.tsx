import { useQuery } from "@tanstack/react-query";
import { analysesQuery, interventionsQuery } from "~/api/analyses";
import { AnalysisPanels } from "~/components/panel/AnalysisPanels";
import { Section } from "./Section";
import type { Compared } from "./useComparison";

const PARTS = [
  { title: "How well do they answer?", purposes: ["evaluation"], testId: "compared-evaluations" },
  { title: "What if the weights were changed?", purposes: ["intervention", "export"], testId: "compared-analyses" },
];

/** Evaluations, and what came of changed weights, runs and groups over each other: OPD against RL at equal norm, for one. */
export function ComparedAnalyses({ entries, runs, keys }: Compared) {
  const { data } = useQuery(analysesQuery(keys));
  const { data: interventions } = useQuery(interventionsQuery());
  if (!data || !interventions) return null;
  const known = new Set(entries.flatMap((entry) => entry.runs.map(({ id }) => id)));
  const analyses = data.analyses.filter(({ run_id, step }) => step > 0 && known.has(run_id));
  return PARTS.map(({ title, purposes, testId }) => {
    const kinds = interventions.filter(({ purpose }) => purposes.includes(purpose));
    const own = analyses.filter(({ kind }) => kinds.some((one) => one.kind === kind));
    if (own.length === 0) return null;
    return (
      <Section key={testId} title={title} testId={testId}>
        <AnalysisPanels analyses={own} interventions={kinds} runs={runs} entries={keys} />
      </Section>
    );
  });
}
