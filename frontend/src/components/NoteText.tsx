import { lazy, Suspense } from "react";
import classes from "./NoteText.module.css";

const NoteMarkdown = lazy(() => import("./NoteMarkdown"));

/** What someone wrote, in Markdown; as it was typed until the code that reads it is there. */
export function NoteText({ text }: { text: string }) {
  return (
    <Suspense fallback={<p className={classes.note}>{text.trim()}</p>}>
      <NoteMarkdown text={text} />
    </Suspense>
  );
}
