import { Button, Group, Stack, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { changeRun, runKeys } from "~/api/runs";
import type { RunDetail } from "~/api/types";
import { ErrorBox } from "./ErrorBox";

/** Loaded with the first note that is written. */
export default function NotesEditor({ run, onClose }: { run: RunDetail; onClose: () => void }) {
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
    <Stack gap={8}>
      <Textarea
        label="Notes"
        description={`Markdown. A run is written as the end of its address, as in /runs/${run.id}.`}
        autosize
        minRows={3}
        maxRows={18}
        data-autofocus
        autoFocus
        value={draft}
        onChange={(event) => setDraft(event.currentTarget.value)}
      />
      {save.error && <ErrorBox title="The notes were not kept" error={save.error} />}
      <Group gap={8}>
        <Button variant="filled" loading={save.isPending} onClick={() => save.mutate()} data-testid="keep-notes">
          Keep the notes
        </Button>
        <Button variant="subtle" color="gray" onClick={onClose}>
          Leave them as they were
        </Button>
      </Group>
    </Stack>
  );
}
