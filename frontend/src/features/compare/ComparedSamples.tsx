import { useMemo } from "react";
import type { Entry } from "~/api/types";
import { SamplesSideBySide } from "~/components/samples/SamplesSideBySide";
import { Section } from "./Section";

/** What each run answered to the same prompts; a group speaks through its first run. */
export function ComparedSamples({ entries }: { entries: readonly Entry[] }) {
  const runs = useMemo(
    () => [...new Map(entries.flatMap(({ runs }) => runs.slice(0, 1)).map((run) => [run.id, run])).values()],
    [entries],
  );
  return (
    <Section
      title="What do they answer?"
      testId="compare-samples"
      tools={
        entries.some(({ is_group }) => is_group) && (
          <span className="soft">Of a group, its first run: {runs.map(({ name }) => name).join(", ")}.</span>
        )
      }
    >
      <SamplesSideBySide runs={runs} />
    </Section>
  );
}
