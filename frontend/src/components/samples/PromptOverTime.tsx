import { Button, Select } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { promptHistoryQuery, promptsQuery } from "~/api/samples";
import type { RunSummary } from "~/api/types";
import { Empty } from "~/components/Empty";
import { Unread } from "~/components/Unread";
import { useView } from "~/components/useView";
import { largest, passes } from "~/lib/samples";
import { PromptCurve } from "./PromptCurve";
import { Expected, Prompt, SampleCard } from "./SampleCard";
import classes from "./Samples.module.css";
import { SampleTools, useSampleLook } from "./SampleTools";

const MOST = 512;

/** One prompt followed over the training: how far from the teacher, whether correct, and the responses themselves. */
export function PromptOverTime({ run, tools }: { run: RunSummary; tools?: ReactNode }) {
  const [search, change] = useView();
  const { measure, only } = useSampleLook();
  const { data: listed } = useQuery(promptsQuery(run.id));
  const wanted = search.prompt ?? listed?.prompts[0]?.prompt_id;
  const whole = search.responses === "all";
  const query = useQuery({
    ...promptHistoryQuery(run.id, wanted ?? "", whole ? MOST : undefined),
    enabled: wanted !== undefined,
    placeholderData: keepPreviousData,
  });
  const { data } = query;

  if (listed !== undefined && listed.prompts.length === 0)
    return (
      <Empty card title="No samples yet">
        Responses are stored at every evaluation.
      </Empty>
    );
  if (!data || !listed)
    return (
      <Unread what="the responses" query={query}>
        <Button variant="subtle" onClick={() => change({ prompt: undefined })}>
          Follow the first prompt instead
        </Button>
      </Unread>
    );
  const top = Math.max(1e-3, largest(data.samples, measure));
  const shown = data.samples.filter((sample) => passes(sample, only));
  return (
    <div className={classes.history} data-testid="prompt-history">
      <SampleTools top={top}>
        {tools}
        <Select
          miw={220}
          aria-label="Prompt to follow"
          data={listed.prompts.map(({ prompt_id, prompt }) => ({ value: prompt_id, label: shortened(prompt) }))}
          value={data.prompt_id}
          onChange={(next) => change({ prompt: next ?? undefined })}
          allowDeselect={false}
          searchable
          data-testid="choose-prompt"
        />
      </SampleTools>
      <div className={classes.rowHead}>
        <Prompt text={data.prompt} />
        <div className={classes.answer}>
          <Expected answer={data.answer} />
        </div>
      </div>
      <PromptCurve points={data.points} />
      <ol className={classes.strip}>
        {shown.map((sample) => (
          <li key={`${sample.step} ${sample.index}`}>
            <SampleCard
              sample={sample}
              measure={measure}
              top={top}
              label={<span className={classes.label}>step {sample.step}</span>}
              withoutPrompt
              testId={`response-${sample.step}`}
            />
          </li>
        ))}
      </ol>
      {shown.length === 0 && <Empty title="No response is like that">Choose “All” to see every response.</Empty>}
      {data.samples.length < data.points.length && (
        <p className="soft">
          Showing {data.samples.length} of {data.points.length} responses.{" "}
          {!whole && (
            <Button variant="subtle" size="compact-xs" onClick={() => change({ responses: "all" })}>
              Show up to {MOST}
            </Button>
          )}
        </p>
      )}
    </div>
  );
}

function shortened(prompt: string): string {
  const line = prompt.replace(/\s+/g, " ").trim();
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}
