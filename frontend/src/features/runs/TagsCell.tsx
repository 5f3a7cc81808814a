import { ActionIcon, TagsInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { changeRun, runFieldsQuery, runKeys } from "~/api/runs";
import type { RunRow } from "~/api/types";
import { Popup } from "~/components/Popup";
import { useAction } from "~/components/useAction";
import classes from "./RunsTable.module.css";

/** A run's tags; the plus opens them for editing, and closing keeps what was changed. */
export function TagsCell({ run }: { run: RunRow }) {
  const [draft, setDraft] = useState<string[] | null>(null);
  const keep = (tags: string[]) => changeRun(run.id, { tags });
  const save = useAction(keep, "The tags were not kept", runKeys.lists, runKeys.fields);
  const close = () => {
    if (draft !== null && draft.join("\n") !== run.tags.join("\n")) save.mutate(draft);
    setDraft(null);
  };
  const shown = save.isPending ? (save.variables ?? run.tags) : run.tags;

  return (
    <span className={classes.tags}>
      {shown.map((tag) => (
        <span key={tag} className={classes.tag}>
          {tag}
        </span>
      ))}
      <Popup opened={draft !== null} onChange={(open) => !open && close()} position="bottom-start">
        <Popup.Target>
          <ActionIcon
            size="xs"
            className={classes.addTag}
            aria-label={`Edit the tags of ${run.name}`}
            onClick={() => (draft === null ? setDraft(run.tags) : close())}
            data-testid={`tags-${run.id}`}
          >
            <IconPlus size={13} />
          </ActionIcon>
        </Popup.Target>
        <Popup.Dropdown p={8}>{draft !== null && <Editor draft={draft} change={setDraft} />}</Popup.Dropdown>
      </Popup>
    </span>
  );
}

interface EditorProps {
  draft: string[];
  change: (tags: string[]) => void;
}

function Editor({ draft, change }: EditorProps) {
  const { data } = useQuery(runFieldsQuery());
  const known = data?.fields.find(({ name }) => name === "tag")?.examples ?? [];
  return (
    <TagsInput
      size="xs"
      w={260}
      label="Tags"
      description="Enter adds one, Escape keeps them"
      data={known}
      value={draft}
      onChange={change}
      maxLength={64}
      comboboxProps={{ withinPortal: false }}
      data-autofocus
      data-testid="tags-input"
    />
  );
}
