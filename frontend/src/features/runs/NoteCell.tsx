import { lazy, Suspense, useState } from "react";
import type { RunRow } from "~/api/types";

const NotesDialog = lazy(() => import("./NotesDialog"));

/** How the notes begin; a click opens them. */
export function NoteCell({ run }: { run: RunRow }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button
        type="button"
        className={`bare cut ${run.note === "" ? "soft" : ""}`}
        onClick={() => setOpen(true)}
        aria-label={`Notes of ${run.name}`}
      >
        {run.note === "" ? "Write a note" : run.note}
      </button>
      <Suspense>{open && <NotesDialog run={run} onClose={() => setOpen(false)} />}</Suspense>
    </>
  );
}
