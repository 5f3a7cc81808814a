import { Modal } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { runQuery } from "~/api/runs";
import type { RunSummary } from "~/api/types";
import NotesEditor from "~/components/NotesEditor";
import { Unread } from "~/components/Unread";

/** A run's notes, read and written without leaving the table. */
export default function NotesDialog({ run, onClose }: { run: RunSummary; onClose: () => void }) {
  const query = useQuery(runQuery(run.id));
  return (
    <Modal opened onClose={onClose} title={`Notes of ${run.name}`} size="lg">
      {query.data ? <NotesEditor run={query.data} onClose={onClose} /> : <Unread what="the notes" query={query} />}
    </Modal>
  );
}
