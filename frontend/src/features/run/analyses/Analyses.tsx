import { Button, Stack } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { analysesQuery, interventionsQuery } from "~/api/analyses";
import { runQuery } from "~/api/runs";
import type { Analysis, RunDetail } from "~/api/types";
import { Empty } from "~/components/Empty";
import { AnalysisPanels } from "~/components/panel/AnalysisPanels";
import { Unread } from "~/components/Unread";
import { useView } from "~/components/useView";
import { flag, integer, real } from "~/lib/urlParams";
import { AnalysisList } from "./AnalysisList";
import { AskAnalysis } from "./AskAnalysis";

/** Interventions on the run's weights; of an analysis itself, its picture. */
export default function Analyses({ run }: { run: RunDetail }) {
  const subject = run.kind === "analysis" ? String(run.job_config?.run_id ?? "") : run.id;
  const found = useQuery(analysesQuery([subject]));
  const offered = useQuery(interventionsQuery());
  const about = useQuery({ ...runQuery(subject), enabled: subject !== run.id });
  const [search, change] = useView();
  const summary = subject === run.id ? run : about.data;
  const runs = useMemo(() => (summary ? [summary] : []), [summary]);
  const unread = [found, offered].find(({ data }) => !data) ?? about;
  if (!found.data || !offered.data || !summary) return <Unread what="the analyses" query={unread} />;
  const { analyses } = found.data;
  const own = analyses.find(({ id }) => id === run.id);
  if (run.kind === "analysis") return <OfItself own={own} interventions={offered.data} runs={runs} />;
  const scorable = offered.data.filter(({ kind }) => run.kind === "trained" || kind === "rank_one_trajectory");
  const exported = integer(search.export);
  const open = flag(search.analyse) || exported !== null;
  return (
    <Stack>
      <div>
        <Button
          leftSection={<IconPlus size={14} aria-hidden />}
          aria-expanded={open}
          onClick={() => change({ analyse: open ? undefined : "1", export: undefined, factor: undefined })}
          data-testid="analyse"
        >
          Analyse this run…
        </Button>
      </div>
      {open && (
        <AskAnalysis
          runId={run.id}
          interventions={scorable}
          {...(exported === null ? {} : { kind: "export_model", given: weights(exported, search.factor) })}
        />
      )}
      {analyses.length === 0 ? (
        <Empty card title="No analysis of this run yet">
          An analysis puts changed weights into the student and scores them: the update scaled, cut to a few directions
          or a few layers, taken early. Exports are asked for here too: the model, or its update as an adapter. Any
          checkpoint that is still on disk will do.
        </Empty>
      ) : (
        <AnalysisList analyses={analyses} interventions={offered.data} />
      )}
      <AnalysisPanels analyses={analyses} interventions={offered.data} runs={runs} />
    </Stack>
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
  return <AnalysisPanels analyses={[own]} interventions={interventions} runs={runs} only={own} />;
}
