import { MultiSelect, SegmentedControl } from "@mantine/core";
import { keepPreviousData, useQueries, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { runListQuery, runQuery, samplesQuery } from "~/api/runs";
import type { RunDetail } from "~/api/types";
import { Empty } from "~/components/Empty";
import { ErrorBox } from "~/components/ErrorBox";
import { Loading } from "~/components/Loading";
import { StepSlider } from "~/components/panel/StepSlider";
import { PromptOverTime } from "~/components/samples/PromptOverTime";
import { SampleCard } from "~/components/samples/SampleCard";
import classes from "~/components/samples/Samples.module.css";
import { SamplesSideBySide } from "~/components/samples/SamplesSideBySide";
import { SampleTools, useSampleLook } from "~/components/samples/SampleTools";
import { StepsSideBySide } from "~/components/samples/StepsSideBySide";
import { useView } from "~/components/useView";
import { largest, passes } from "~/lib/samples";
import { integer, list, oneOf } from "~/lib/urlParams";

const MOST_OTHERS = 3;
const WAYS = [
  { value: "step", label: "One step" },
  { value: "steps", label: "Steps" },
  { value: "runs", label: "Runs" },
  { value: "prompt", label: "One prompt" },
] as const;

/** Prompts and responses, each token coloured by what the teacher thinks of it; at one step, or side by side. */
export default function Samples({ run }: { run: RunDetail }) {
  const [search, change] = useView();
  const way = oneOf(
    search.samples,
    WAYS.map(({ value }) => value),
    "step",
  );
  const tools = (
    <SegmentedControl
      aria-label="What is set side by side"
      data={[...WAYS]}
      value={way}
      onChange={(next) => change({ samples: next === "step" ? undefined : next })}
      data-testid="samples-way"
    />
  );
  switch (way) {
    case "step":
      return <OneStep run={run} tools={tools} />;
    case "steps":
      return <StepsSideBySide run={run} tools={tools} />;
    case "runs":
      return <WithOthers run={run} tools={tools} />;
    case "prompt":
      return <PromptOverTime run={run} tools={tools} />;
  }
}

interface WayProps {
  run: RunDetail;
  tools: React.ReactNode;
}

function OneStep({ run, tools }: WayProps) {
  const [search, change] = useView();
  const { measure, only } = useSampleLook();
  const query = useQuery({ ...samplesQuery(run.id, integer(search.sample)), placeholderData: keepPreviousData });
  const data = query.data;

  if (query.error && !data) {
    return <ErrorBox title="The samples could not be read" error={query.error} onRetry={() => void query.refetch()} />;
  }
  if (!data) return <Loading label="Reading the samples" />;
  if (data.steps.length === 0) {
    return (
      <div className="card">
        <Empty title="No samples yet">
          {run.config
            ? `${run.config.monitoring.samples_count} responses are stored at every evaluation, each ${run.config.monitoring.evaluate_every} steps.`
            : "This run's own trainer reports no samples."}
        </Empty>
      </div>
    );
  }
  const top = Math.max(1e-3, largest(data.samples, measure));
  const shown = data.samples.filter((sample) => passes(sample, only));
  return (
    <div data-testid="samples">
      <div className={classes.toolbar}>
        {tools}
        <div className={classes.scrubber}>
          <StepSlider steps={data.steps} value={search.sample} onChange={(next) => change({ sample: next })} />
        </div>
        <SampleTools top={top} />
      </div>
      {shown.length === 0 && (
        <div className="card">
          <Empty title="No response is like that">Choose “All” to see every response of this step.</Empty>
        </div>
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
