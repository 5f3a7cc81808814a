import { useQueries } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { samplesQuery } from "~/api/runs";
import type { Sample } from "~/api/types";
import { Empty } from "~/components/Empty";
import { ErrorBox } from "~/components/ErrorBox";
import { Loading } from "~/components/Loading";
import { largest, passes, sampleRows } from "~/lib/samples";
import { Expected, Prompt, SampleCard } from "./SampleCard";
import classes from "./Samples.module.css";
import { SampleTools, useSampleLook } from "./SampleTools";

export interface SampleColumn {
  key: string;
  run: string;
  step: number;
  label: ReactNode;
}

interface SampleColumnsProps {
  columns: readonly SampleColumn[];
  /** Further controls, before the common ones. */
  tools?: ReactNode;
}

/** The same prompts, answered at several steps or by several runs, on one colour scale; a row per prompt. */
export function SampleColumns({ columns, tools }: SampleColumnsProps) {
  const { measure, only } = useSampleLook();
  const found = useQueries({ queries: columns.map(({ run, step }) => samplesQuery(run, step)) });
  const lists = found.map(({ data }) => data?.samples ?? []);
  const top = Math.max(1e-3, largest(lists.flat(), measure));
  const rows = sampleRows(lists).filter(({ cells }) => cells.some((sample) => sample && passes(sample, only)));
  const failed = found.find(({ error, data }) => error !== null && data === undefined);
  return (
    <>
      <SampleTools top={top}>{tools}</SampleTools>
      {failed && (
        <ErrorBox title="Samples could not be read" error={failed.error} onRetry={() => void failed.refetch()} />
      )}
      {found.some(({ isPending }) => isPending) && <Loading label="Reading the samples" />}
      {rows.length === 0 && found.every(({ data }) => data !== undefined) && (
        <Empty card title={only === "all" ? "No samples here" : "No response is like that"}>
          {only === "all" ? "Nothing is stored at these steps." : "Choose “All” to see every response."}
        </Empty>
      )}
      <div className={classes.rows} data-testid="sample-rows">
        {rows.map(({ prompt_id, prompt, answer, cells }) => (
          <section key={prompt_id} className={classes.row} data-testid={`prompt-${prompt_id}`}>
            <div className={classes.rowHead}>
              <Prompt text={prompt} />
              <div className={classes.answer}>
                <Expected answer={answer} />
              </div>
            </div>
            <div className={classes.columns} style={{ "--columns": columns.length } as React.CSSProperties}>
              {columns.map((column, index) => (
                <Cell key={column.key} column={column} sample={cells[index]} measure={measure} top={top} />
              ))}
            </div>
          </section>
        ))}
      </div>
    </>
  );
}

interface CellProps {
  column: SampleColumn;
  sample: Sample | undefined;
  measure: "kl" | "advantage";
  top: number;
}

function Cell({ column, sample, measure, top }: CellProps) {
  const label = <span className={classes.label}>{column.label}</span>;
  if (sample === undefined)
    return <div className={`card ${classes.absent}`}>{label} This prompt was not sampled here.</div>;
  return (
    <SampleCard
      sample={sample}
      measure={measure}
      top={top}
      label={label}
      withoutPrompt
      testId={`sample-${column.key}-${sample.prompt_id}`}
    />
  );
}
