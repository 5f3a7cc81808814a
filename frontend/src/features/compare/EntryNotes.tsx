import type { Entry } from "~/api/types";
import { NoteText } from "~/components/NoteText";
import classes from "./ComparePage.module.css";
import { EntryName } from "./EntryName";

/** What was written about these runs; the same text is shown once. */
export function EntryNotes({ entries }: { entries: readonly Entry[] }) {
  const texts = [...new Set(entries.flatMap(({ notes }) => notes))];
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
              {entries
                .filter(({ notes }) => notes.includes(text))
                .map((entry) => (
                  <EntryName key={entry.key} entry={entry} />
                ))}
            </div>
            <NoteText text={text} />
          </div>
        ))}
      </div>
    </section>
  );
}
