import { MultiSelect } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { samplesQuery } from "~/api/runs";
import type { RunSummary } from "~/api/types";
import { Unread } from "~/components/Unread";
import { useView } from "~/components/useView";
import { list } from "~/lib/urlParams";
import { SampleColumns } from "./SampleColumns";

const MOST = 4;

/** How one run answered the same prompts at two to four steps. */
export function StepsSideBySide({ run, tools }: { run: RunSummary; tools?: ReactNode }) {
  const [search, change] = useView();
  const query = useQuery(samplesQuery(run.id, null));
  if (!query.data) return <Unread what="the samples" query={query} />;
  const stored = query.data.steps;
  const wanted = list(search.steps)
    .map(Number)
    .filter((step) => stored.includes(step));
  const chosen = wanted.length > 0 ? wanted : usual(stored);
  return (
    <SampleColumns
      columns={chosen.map((step) => ({ key: String(step), run: run.id, step, label: `step ${step}` }))}
      tools={
        <>
          {tools}
          <MultiSelect
            miw={200}
            aria-label="Steps to set side by side"
            data={stored.map(String)}
            value={chosen.map(String)}
            onChange={(next) => change({ steps: [...next].sort((a, b) => Number(a) - Number(b)).join() })}
            maxValues={MOST}
            searchable
            data-testid="choose-steps"
          />
        </>
      }
    />
  );
}

/** The first, the middle and the last. */
function usual(steps: readonly number[]): number[] {
  const places = [0, Math.floor((steps.length - 1) / 2), steps.length - 1];
  return [...new Set(places.map((place) => steps[place]))].filter((step) => step !== undefined);
}
