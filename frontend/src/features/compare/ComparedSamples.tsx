import { useMemo } from "react";
import type { Entry } from "~/api/types";
import { SamplesSideBySide } from "~/components/samples/SamplesSideBySide";
import classes from "./ComparePage.module.css";

/** What each run answered to the same prompts; a group speaks through its first run. */
export function ComparedSamples({ entries }: { entries: readonly Entry[] }) {
  const runs = useMemo(
    () => [...new Map(entries.flatMap(({ runs }) => runs.slice(0, 1)).map((run) => [run.id, run])).values()],
    [entries],
  );
  return (
    <section className={classes.plain} data-testid="compare-samples">
      <header className={classes.sectionHead}>
        <h2>What do they answer?</h2>
        {entries.some(({ is_group }) => is_group) && (
          <span className="soft">Of a group, its first run: {runs.map(({ name }) => name).join(", ")}.</span>
        )}
      </header>
      <SamplesSideBySide runs={runs} />
    </section>
  );
}
