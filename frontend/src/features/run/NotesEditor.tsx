import { Button, Group, Stack, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { changeRun, runKeys } from "~/api/runs";
import type { RunDetail } from "~/api/types";
import { ErrorBox } from "~/components/ErrorBox";

export default function NotesEditor({ run, onClose }: { run: RunDetail; onClose: () => void }) {
  const [draft, setDraft] = useState(run.notes);
  const cache = useQueryClient();
  const save = useMutation({
    mutationFn: () => changeRun(run.id, { notes: draft }),
    onSuccess: (changed) => {
      cache.setQueryData(runKeys.detail(run.id), changed);
      onClose();
    },
  });
  return (
    <Stack className="card" gap={8} mb={12} p="10px 14px">
      <Textarea
        label="Notes"
        autosize
        minRows={3}
        autoFocus
        value={draft}
        onChange={(event) => setDraft(event.currentTarget.value)}
      />
      {save.error && <ErrorBox title="The notes were not kept" error={save.error} />}
      <Group gap={8}>
        <Button variant="filled" loading={save.isPending} onClick={() => save.mutate()}>
          Keep the notes
        </Button>
        <Button variant="subtle" color="gray" onClick={onClose}>
          Leave them as they were
        </Button>
      </Group>
    </Stack>
  );
}
