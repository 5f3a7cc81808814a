import { Button, Group, Modal, TextInput } from "@mantine/core";
import { useState } from "react";
import type { RunSummary } from "~/api/types";
import { useRename } from "~/components/useRename";

/** Another name for a run, without leaving the table. */
export default function RenameDialog({ run, onClose }: { run: RunSummary; onClose: () => void }) {
  const [draft, setDraft] = useState(run.name);
  const rename = useRename(run.id);
  const name = draft.trim();
  return (
    <Modal opened onClose={onClose} title={`Rename ${run.name}`}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (name !== "" && name !== run.name) rename.mutate(name, { onSuccess: onClose });
        }}
      >
        <TextInput
          label="Name of the run"
          value={draft}
          maxLength={200}
          data-autofocus
          onChange={(event) => setDraft(event.currentTarget.value)}
          data-testid="new-name"
        />
        <Group gap={8} mt={12}>
          <Button
            variant="filled"
            type="submit"
            loading={rename.isPending}
            disabled={name === "" || name === run.name}
            data-testid="keep-name"
          >
            Rename the run
          </Button>
          <Button variant="subtle" color="gray" onClick={onClose}>
            Leave it
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
