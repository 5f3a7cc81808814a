import { ActionIcon, TextInput } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { changeRun, runKeys } from "~/api/runs";
import type { RunDetail } from "~/api/types";
import { errorText } from "~/components/ErrorBox";
import { notify } from "~/components/notify";
import classes from "./RunHeader.module.css";

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
      <span className={classes.name}>
        <h1 data-testid="run-name">{rename.isPending ? rename.variables : run.name}</h1>
        <ActionIcon aria-label="Rename the run" onClick={() => setDraft(run.name)}>
          <IconPencil size={14} />
        </ActionIcon>
      </span>
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
