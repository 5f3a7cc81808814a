import { Button, Group, Stack } from "@mantine/core";
import { IconMicroscope, IconPackageExport, IconReportAnalytics } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { analysesQuery, interventionsQuery } from "~/api/analyses";
import { runQuery } from "~/api/runs";
import type { Analysis, Intervention, RunConfig, RunDetail, RunSummary } from "~/api/types";
import { Empty } from "~/components/Empty";
import { AnalysisPanels } from "~/components/panel/AnalysisPanels";
import { Unread } from "~/components/Unread";
import { useView } from "~/components/useView";
import { integer, real } from "~/lib/urlParams";
import classes from "./Analyses.module.css";
import { AnalysisList } from "./AnalysisList";
import { AskAnalysis } from "./AskAnalysis";
import { EvaluationTable } from "./EvaluationTable";
import { firstEvaluation } from "./ownSet";

type Purpose = Intervention["purpose"];

const PARTS = [
  { purpose: "evaluation", title: "Evaluations", ask: "Evaluate…", Icon: IconReportAnalytics, testId: "evaluate" },
  {
    purpose: "intervention",
    title: "Interventions: what if the weights were changed?",
    ask: "Intervene…",
    Icon: IconMicroscope,
    testId: "analyse",
  },
  { purpose: "export", title: "Exports", ask: "Export…", Icon: IconPackageExport, testId: "export" },
] as const;

/** What is asked of the run's weights: how good they are, what if they were changed, and forms that others load. */
export default function Analyses({ run }: { run: RunDetail }) {
  const subject = run.kind === "analysis" ? String(run.job_config?.run_id ?? "") : run.id;
  const found = useQuery(analysesQuery([subject]));
  const offered = useQuery(interventionsQuery());
  const about = useQuery({ ...runQuery(subject), enabled: subject !== run.id });
  const [search, change] = useView();
  const summary = subject === run.id ? run : about.data;
  const runs = useMemo(() => (summary ? [summary] : []), [summary]);
  const unread = [found, offered].find(({ data }) => !data) ?? about;
  if (!found.data || !offered.data || !summary) return <Unread what="the interventions" query={unread} />;
  const { analyses } = found.data;
  const own = analyses.find(({ id }) => id === run.id);
  if (run.kind === "analysis") return <OfItself own={own} interventions={offered.data} runs={runs} />;
  const scorable = offered.data.filter(({ kind }) => run.kind === "trained" || kind === "rank_one_trajectory");
  const exported = integer(search.export);
  const asked = exported === null ? search.analyse : "export";
  const offers = scorable.filter(({ purpose }) => purpose === asked);
  const parts = PARTS.filter(({ purpose }) => scorable.some((one) => one.purpose === purpose));
  return (
    <Stack>
      <Group gap={8}>
        {parts.map(({ purpose, ask, Icon, testId }) => (
          <Button
            key={purpose}
            leftSection={<Icon size={14} aria-hidden />}
            aria-expanded={asked === purpose}
            onClick={() =>
              change({ analyse: asked === purpose ? undefined : purpose, export: undefined, factor: undefined })
            }
            data-testid={testId}
          >
            {ask}
          </Button>
        ))}
      </Group>
      {offers.length > 0 && (
        <AskAnalysis
          key={asked}
          runId={run.id}
          interventions={offers}
          {...(exported !== null && { given: weights(exported, search.factor) })}
          {...(asked === "evaluation" && { given: firstEvaluation(run.config as RunConfig) })}
        />
      )}
      {analyses.length === 0 && (
        <Empty card title="Nothing was asked of this run's weights yet">
          An evaluation tells how well base, teacher and checkpoints answer sets of prompts. An intervention puts
          changed weights into the student and scores them: the update scaled, cut to a few directions or a few layers,
          taken early. An export is the model, or its update as an adapter, for others to load. Any checkpoint that is
          still on disk will do.
        </Empty>
      )}
      {PARTS.map(({ purpose, title }) => (
        <Part
          key={purpose}
          purpose={purpose}
          title={title}
          analyses={analyses}
          interventions={offered.data}
          runs={runs}
        />
      ))}
    </Stack>
  );
}

interface PartProps {
  purpose: Purpose;
  title: string;
  analyses: readonly Analysis[];
  interventions: readonly Intervention[];
  runs: readonly RunSummary[];
}

/** What was asked with one purpose, and what came of it. */
function Part({ purpose, title, analyses, interventions, runs }: PartProps) {
  const [search] = useView();
  const kinds = interventions.filter((one) => one.purpose === purpose);
  const own = analyses.filter(({ kind }) => kinds.some((one) => one.kind === kind));
  if (own.length === 0) return null;
  const evaluations = own.filter(({ kind, step }) => kind === "evaluate" && step > 0);
  const shown = evaluations.find(({ id }) => id === search["evaluate.analysis"]) ?? evaluations[0];
  return (
    <section className={classes.part} data-testid={`analyses-${purpose}`}>
      <h2>{title}</h2>
      <AnalysisList analyses={own} interventions={kinds} />
      {shown && <EvaluationTable id={shown.id} />}
      <AnalysisPanels analyses={own} interventions={kinds} runs={runs} />
    </section>
  );
}

function weights(step: number, factor: string | undefined) {
  return factor === undefined ? { step } : { step, factor: real(factor, 0) };
}

type Panels = Pick<Parameters<typeof AnalysisPanels>[0], "interventions" | "runs">;

function OfItself({ own, interventions, runs }: { own: Analysis | undefined } & Panels) {
  if (own === undefined || own.step === 0) {
    return (
      <Empty card title="Nothing found yet">
        Its picture grows with every variant that is scored.
      </Empty>
    );
  }
  return (
    <Stack>
      {own.kind === "evaluate" && <EvaluationTable id={own.id} />}
      <AnalysisPanels analyses={[own]} interventions={interventions} runs={runs} only={own} />
    </Stack>
  );
}
