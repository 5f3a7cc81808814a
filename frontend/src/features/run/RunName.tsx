import { ActionIcon, Group, TextInput, Title } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { changeRun, runKeys } from "~/api/runs";
import type { RunDetail } from "~/api/types";
import { errorText } from "~/components/ErrorBox";
import { notify } from "~/components/notify";

/** The name, and how to change it: Enter keeps, Escape gives up. */
export function RunName({ run }: { run: RunDetail }) {
  const [draft, setDraft] = useState<string | null>(null);
  const cache = useQueryClient();
  const rename = useMutation({
    mutationFn: (name: string) => changeRun(run.id, { name }),
    onSuccess: (changed) => {
      cache.setQueryData(runKeys.detail(run.id), changed);
      void cache.invalidateQueries({ queryKey: runKeys.lists });
    },
    onError: (error) => notify(errorText(error), "The name was not changed"),
  });
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
