import { useQueries } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { samplesQuery } from "~/api/runs";
import type { RunSummary } from "~/api/types";
import { Empty } from "~/components/Empty";
import { Loading } from "~/components/Loading";
import { StepSlider } from "~/components/panel/StepSlider";
import { RunDot } from "~/components/RunBits";
import { useView } from "~/components/useView";
import { stepAtOrBefore } from "~/lib/samples";
import { integer } from "~/lib/urlParams";
import { type SampleColumn, SampleColumns } from "./SampleColumns";
import classes from "./Samples.module.css";

interface SamplesSideBySideProps {
  runs: readonly RunSummary[];
  tools?: ReactNode;
}

/** How several runs answered the same prompts, at one step: each at its own nearest earlier one that has samples. */
export function SamplesSideBySide({ runs, tools }: SamplesSideBySideProps) {
  const [search, change] = useView();
  const latest = useQueries({ queries: runs.map(({ id }) => samplesQuery(id, null)) });
  const steps = [...new Set(latest.flatMap(({ data }) => data?.steps ?? []))].sort((a, b) => a - b);
  const wanted = integer(search.sample);
  const columns = runs.flatMap((run, index): SampleColumn[] => {
    const step = stepAtOrBefore(latest[index]?.data?.steps ?? [], wanted);
    if (step === null) return [];
    const label = (
      <>
        <RunDot color={run.color} /> {run.name}, step {step}
      </>
    );
    return [{ key: run.id, run: run.id, step, label }];
  });
  const waiting = latest.some(({ isPending }) => isPending);

  if (columns.length === 0) {
    return waiting ? (
      <Loading label="Reading the samples" />
    ) : (
      <Empty card title="No samples yet">
        Responses are stored at every evaluation.
      </Empty>
    );
  }
  return (
    <div data-testid="samples-side-by-side">
      <SampleColumns
        columns={columns}
        tools={
          <>
            {tools}
            <div className={classes.scrubber}>
              <StepSlider steps={steps} value={search.sample} onChange={(next) => change({ sample: next })} />
            </div>
          </>
        }
      />
    </div>
  );
}
