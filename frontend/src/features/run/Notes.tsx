import { Box, Button, Group } from "@mantine/core";
import { lazy, Suspense } from "react";
import type { RunDetail } from "~/api/types";
import { NoteText } from "~/components/NoteText";
import { useView } from "~/components/useView";

const NotesEditor = lazy(() => import("~/components/NotesEditor"));

/** What someone wrote about the run. */
export function Notes({ run }: { run: RunDetail }) {
  const [search, change] = useView();
  if (search.notes === "edit") {
    return (
      <Box className="card" mb={12} p="10px 14px">
        <Suspense>
          <NotesEditor run={run} onClose={() => change({ notes: undefined })} />
        </Suspense>
      </Box>
    );
  }
  if (run.notes.trim() === "") return null;
  return (
    <Group
      className="card"
      gap={8}
      align="flex-start"
      justify="space-between"
      mb={12}
      p="10px 14px"
      data-testid="run-notes"
    >
      <NoteText text={run.notes} />
      <Button className="no-print" variant="subtle" color="gray" onClick={() => change({ notes: "edit" })}>
        Edit the notes
      </Button>
    </Group>
  );
}
