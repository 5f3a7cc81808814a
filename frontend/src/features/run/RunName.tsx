import { ActionIcon, Group, TextInput, Title } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { useState } from "react";
import type { RunDetail } from "~/api/types";
import { useRename } from "~/components/useRename";

/** The name, and how to change it: Enter keeps, Escape gives up. */
export function RunName({ run }: { run: RunDetail }) {
  const [draft, setDraft] = useState<string | null>(null);
  const rename = useRename(run.id);
  const keep = () => {
    const name = draft?.trim() ?? "";
    setDraft(null);
    if (name !== "" && name !== run.name) rename.mutate(name);
  };

  if (draft === null) {
    return (
      <Group gap={4} wrap="nowrap" miw={0}>
        <Title fz={17} lh="26px" lts="-0.01em" style={{ overflowWrap: "anywhere" }} data-testid="run-name">
          {rename.isPending ? rename.variables : run.name}
        </Title>
        <ActionIcon aria-label="Rename the run" onClick={() => setDraft(run.name)}>
          <IconPencil size={14} />
        </ActionIcon>
      </Group>
    );
  }
  return (
    <TextInput
      w={280}
      aria-label="Name of the run"
      value={draft}
      maxLength={200}
      autoFocus
      onChange={(event) => setDraft(event.currentTarget.value)}
      onBlur={keep}
      onKeyDown={(event) => {
        if (event.key === "Enter") keep();
        if (event.key === "Escape") setDraft(null);
      }}
    />
  );
}
