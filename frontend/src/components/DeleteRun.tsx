import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { deleteRun, runKeys } from "~/api/runs";
import type { RunSummary } from "~/api/types";
import { tokensSpent } from "~/lib/cost";
import { count, duration } from "~/lib/format";
import { ErrorBox } from "./ErrorBox";
import { notify } from "./notify";

interface DeleteRunProps {
  run: RunSummary;
  onClose: () => void;
  onDeleted?: () => void;
}

/** Says what will be lost before it is. */
export default function DeleteRun({ run, onClose, onDeleted }: DeleteRunProps) {
  const cache = useQueryClient();
  const deletion = useMutation({
    mutationFn: () => deleteRun(run.id),
    onSuccess: async () => {
      notify(`${run.name} was deleted`);
      cache.removeQueries({ queryKey: runKeys.detail(run.id) });
      onClose();
      onDeleted?.();
      await cache.invalidateQueries({ queryKey: runKeys.lists });
    },
  });
  const tokens = tokensSpent(run.latest);
  const { seconds } = run.latest;
  const cost = tokens ? `: ${count(tokens)} tokens, ${duration(seconds)} of training` : "";

  return (
    <Modal opened onClose={onClose} title={`Delete ${run.name}?`}>
      <Stack gap="md">
        <Text size="sm">
          {run.step === 0
            ? "It has not trained yet; its configuration and log will be gone. "
            : `The measurements of its ${run.step} steps, its decisions, samples, log and checkpoints will be gone${cost}. `}
          This cannot be undone.
        </Text>
        {deletion.error && <ErrorBox title="It was not deleted" error={deletion.error} />}
        <Group justify="flex-end" gap="sm">
          <Button size="sm" onClick={onClose} data-autofocus>
            Keep it
          </Button>
          <Button
            variant="filled"
            color="#b3261e"
            size="sm"
            loading={deletion.isPending}
            onClick={() => deletion.mutate()}
            data-testid="delete-confirm"
          >
            Delete the run and its checkpoints
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
