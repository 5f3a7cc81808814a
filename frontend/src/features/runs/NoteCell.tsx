import { UnstyledButton } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import type { RunRow } from "~/api/types";
import classes from "./RunsPage.module.css";

const NotesDialog = lazy(() => import("./NotesDialog"));

/** How the notes begin; a click opens them. */
export function NoteCell({ run }: { run: RunRow }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <UnstyledButton
        className={`${classes.cut} ${run.note === "" ? "soft" : ""}`}
        onClick={() => setOpen(true)}
        aria-label={`Notes of ${run.name}`}
      >
        {run.note === "" ? "Write a note" : run.note}
      </UnstyledButton>
      <Suspense>{open && <NotesDialog run={run} onClose={() => setOpen(false)} />}</Suspense>
    </>
  );
}
