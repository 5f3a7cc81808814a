import { MultiSelect } from "@mantine/core";
import { keepPreviousData, useQueries, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { runListQuery, runQuery, samplesQuery } from "~/api/runs";
import type { RunDetail } from "~/api/types";
import { Choice } from "~/components/Choice";
import { Empty } from "~/components/Empty";
import { StepSlider } from "~/components/panel/StepSlider";
import { PromptOverTime } from "~/components/samples/PromptOverTime";
import { SampleCard } from "~/components/samples/SampleCard";
import classes from "~/components/samples/Samples.module.css";
import { SamplesSideBySide } from "~/components/samples/SamplesSideBySide";
import { SampleTools, useSampleLook } from "~/components/samples/SampleTools";
import { StepsSideBySide } from "~/components/samples/StepsSideBySide";
import { Unread } from "~/components/Unread";
import { useView } from "~/components/useView";
import { largest, passes } from "~/lib/samples";
import { integer, list, oneOf } from "~/lib/urlParams";

const MOST_OTHERS = 3;
const LABELS = { step: "One step", steps: "Steps", runs: "Runs", prompt: "One prompt" };
const WAYS = { step: OneStep, steps: StepsSideBySide, runs: WithOthers, prompt: PromptOverTime };

/** Prompts and responses, each token coloured by what the teacher thinks of it; at one step, or side by side. */
export default function Samples({ run }: { run: RunDetail }) {
  const [search] = useView();
  const Way = WAYS[oneOf(search.samples, Object.keys(WAYS) as (keyof typeof WAYS)[], "step")];
  const tools = <Choice name="samples" label="What is set side by side" choices={LABELS} testId="samples-way" />;
  return <Way run={run} tools={tools} />;
}

interface WayProps {
  run: RunDetail;
  tools: React.ReactNode;
}

function OneStep({ run, tools }: WayProps) {
  const [search, change] = useView();
  const { measure, only } = useSampleLook();
  const query = useQuery({ ...samplesQuery(run.id, integer(search.sample)), placeholderData: keepPreviousData });
  const { data } = query;
  if (!data) return <Unread what="the samples" query={query} />;
  if (data.steps.length === 0) {
    return (
      <Empty card title="No samples yet">
        {run.config
          ? `${run.config.monitoring.samples_count} responses are stored at every evaluation, each ${run.config.monitoring.evaluate_every} steps.`
          : "This run's own trainer reports no samples."}
      </Empty>
    );
  }
  const top = Math.max(1e-3, largest(data.samples, measure));
  const shown = data.samples.filter((sample) => passes(sample, only));
  return (
    <div data-testid="samples">
      <SampleTools top={top}>
        {tools}
        <div className={classes.scrubber}>
          <StepSlider steps={data.steps} value={search.sample} onChange={(next) => change({ sample: next })} />
        </div>
      </SampleTools>
      {shown.length === 0 && (
        <Empty card title="No response is like that">
          Choose “All” to see every response of this step.
        </Empty>
      )}
      <div className={classes.samples} data-stale={query.isPlaceholderData}>
        {shown.map((sample) => (
          <SampleCard
            key={`${data.step} ${sample.index}`}
            sample={sample}
            measure={measure}
            top={top}
            onFollow={(prompt) => change({ samples: "prompt", prompt })}
          />
        ))}
      </div>
    </div>
  );
}

/** This run and up to three others. */
function WithOthers({ run, tools }: WayProps) {
  const [search, change] = useView();
  const { data: listed } = useQuery(runListQuery());
  const chosen = list(search.with).slice(0, MOST_OTHERS);
  const found = useQueries({ queries: chosen.map((id) => runQuery(id)) });
  const others = found.flatMap(({ data }) => data ?? []);
  const key = others.map(({ id, seq }) => `${id} ${seq}`).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: key stands for others
  const runs = useMemo(() => [run, ...others], [run, key]);
  return (
    <SamplesSideBySide
      runs={runs}
      tools={
        <>
          {tools}
          <MultiSelect
            miw={220}
            aria-label="Other runs"
            placeholder={chosen.length === 0 ? "Choose other runs…" : undefined}
            data={(listed?.runs ?? [])
              .filter(({ id }) => id !== run.id)
              .map(({ id, name }) => ({ value: id, label: `${name} (${id})` }))}
            value={chosen}
            onChange={(next) => change({ with: next.join() })}
            maxValues={MOST_OTHERS}
            searchable
            data-testid="choose-runs"
          />
        </>
      }
    />
  );
}
