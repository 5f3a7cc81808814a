import { Button, Group, Modal, Stack, Textarea } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { changeRun, runKeys, runQuery } from "~/api/runs";
import type { RunDetail, RunSummary } from "~/api/types";
import { ErrorBox } from "~/components/ErrorBox";
import { Loading } from "~/components/Loading";

/** A run's notes, read and written without leaving the table. */
export default function NotesDialog({ run, onClose }: { run: RunSummary; onClose: () => void }) {
  const { data, error } = useQuery(runQuery(run.id));
  return (
    <Modal opened onClose={onClose} title={`Notes of ${run.name}`} size="lg">
      {error && data === undefined && <ErrorBox title="The notes could not be read" error={error} />}
      {!error && data === undefined && <Loading label="Reading the notes" />}
      {data !== undefined && <Editor run={data} onClose={onClose} />}
    </Modal>
  );
}

function Editor({ run, onClose }: { run: RunDetail; onClose: () => void }) {
  const [draft, setDraft] = useState(run.notes);
  const cache = useQueryClient();
  const save = useMutation({
    mutationFn: () => changeRun(run.id, { notes: draft }),
    onSuccess: (changed) => {
      cache.setQueryData(runKeys.detail(run.id), changed);
      void cache.invalidateQueries({ queryKey: runKeys.lists });
      onClose();
    },
  });
  return (
    <Stack gap="md">
      <Textarea
        aria-label="Notes"
        autosize
        minRows={4}
        maxRows={18}
        data-autofocus
        value={draft}
        onChange={(event) => setDraft(event.currentTarget.value)}
      />
      {save.error && <ErrorBox title="The notes were not kept" error={save.error} />}
      <Group justify="flex-end" gap="sm">
        <Button size="sm" onClick={onClose}>
          Leave them as they were
        </Button>
        <Button
          variant="filled"
          size="sm"
          loading={save.isPending}
          onClick={() => save.mutate()}
          data-testid="keep-notes"
        >
          Keep the notes
        </Button>
      </Group>
    </Stack>
  );
}
