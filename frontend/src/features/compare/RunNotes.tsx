import type { RunDetail } from "~/api/types";
import { NoteText } from "~/components/NoteText";
import { RunDot } from "~/components/RunBits";
import classes from "./ComparePage.module.css";

/** What was written about these runs; the same text is shown once. */
export function RunNotes({ runs }: { runs: readonly RunDetail[] }) {
  const texts = [...new Set(runs.map(({ notes }) => notes.trim()))].filter((text) => text !== "");
  if (texts.length === 0) return null;
  return (
    <section className={`card ${classes.section}`} data-testid="compare-notes">
      <header className={classes.sectionHead}>
        <h2>Notes</h2>
      </header>
      <div className={classes.notes}>
        {texts.map((text) => (
          <div key={text}>
            <div className={classes.noteOf}>
              {runs
                .filter(({ notes }) => notes.trim() === text)
                .map((run) => (
                  <span key={run.id} className={classes.runName}>
                    <RunDot color={run.color} /> {run.name}
                  </span>
                ))}
            </div>
            <NoteText text={text} />
          </div>
        ))}
      </div>
    </section>
  );
}
