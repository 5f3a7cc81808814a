import { Button, Group, Modal, Stack, TagsInput, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { runFieldsQuery, runGroupsQuery } from "~/api/runs";
import { duration, count as short } from "~/lib/format";
import classes from "./RunsPage.module.css";
import type { Bulk, BulkTarget } from "./useBulk";

interface BulkDialogProps {
  kind: DialogKind;
  target: BulkTarget;
  count: number;
  bulk: Bulk;
  onClose: () => void;
}

const TITLES = { delete: "Delete", tags: "Tags of", group: "Group of" };
export type DialogKind = keyof typeof TITLES;
const MOST_NAMED = 5;

/** Asks for what an action needs, or says what a deletion loses. */
export default function BulkDialog({ kind, target, count, bulk, onClose }: BulkDialogProps) {
  const Body = { delete: Deletion, tags: Tags, group: RunGroup }[kind];
  const runs = `${count} run${count === 1 ? "" : "s"}`;
  return (
    <Modal opened onClose={onClose} title={`${TITLES[kind]} ${runs}${kind === "delete" ? "?" : ""}`}>
      <Stack gap="md">
        <Named names={target.names} />
        <Body target={target} runs={runs} bulk={bulk} onClose={onClose} />
      </Stack>
    </Modal>
  );
}

function Named({ names }: { names: readonly string[] }) {
  if (names.length === 0) return null;
  const more = names.length - MOST_NAMED;
  return (
    <ul className={`list ${classes.named}`}>
      {names.slice(0, MOST_NAMED).map((name, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two runs may have one name
        <li key={place}>{name}</li>
      ))}
      {more > 0 && <li className="soft">and {more} more</li>}
    </ul>
  );
}

interface BodyProps {
  target: BulkTarget;
  runs: string;
  bulk: Bulk;
  onClose: () => void;
}

function Deletion({ target, runs, bulk, onClose }: BodyProps) {
  const query = "ids" in target ? `id in (${target.ids.join(", ")})` : target.query;
  const { data } = useQuery({
    ...runGroupsQuery({ query, by: "kind", measures: "step,tokens,search_tokens,seconds", sort: "-count" }),
    enabled: query.length < 4000,
  });
  const sum = (measure: string) =>
    data?.groups.reduce((total, { measures }) => total + (measures[measure]?.total ?? 0), 0) ?? 0;
  const active = data?.groups.reduce((total, group) => total + group.active, 0) ?? 0;
  const cost =
    data === undefined
      ? ""
      : `: ${short(sum("tokens") + sum("search_tokens"))} tokens, ${duration(sum("seconds"))} of training`;
  return (
    <>
      <Text size="sm" data-testid="bulk-loss">
        The measurements of {data === undefined ? "their" : short(sum("step"))} steps, decisions, samples, logs and
        checkpoints will be gone{cost}. This cannot be undone.
      </Text>
      {active > 0 && (
        <Text size="sm">
          {active} of them {active === 1 ? "is" : "are"} active and will stay: stop {active === 1 ? "it" : "them"}{" "}
          first.
        </Text>
      )}
      <Group justify="flex-end" gap="sm">
        <Button size="sm" onClick={onClose} data-autofocus>
          Keep them
        </Button>
        <Button
          variant="filled"
          color="#b3261e"
          size="sm"
          loading={bulk.pending === "delete"}
          onClick={() => bulk.act({ action: "delete" }, { onSettled: onClose })}
          data-testid="bulk-delete-confirm"
        >
          Delete {runs} and their checkpoints
        </Button>
      </Group>
    </>
  );
}

function Tags({ bulk, onClose }: BodyProps) {
  const [tags, setTags] = useState<string[]>([]);
  const known = useExamples("tag");
  const act = (action: "tag" | "untag") => bulk.act({ action, tags }, { onSettled: onClose });
  return (
    <>
      <TagsInput
        label="Tags"
        data={known}
        value={tags}
        onChange={setTags}
        maxLength={64}
        data-autofocus
        data-testid="bulk-tags-input"
      />
      <Group justify="flex-end" gap="sm">
        <Button size="sm" disabled={tags.length === 0} loading={bulk.pending === "untag"} onClick={() => act("untag")}>
          Take them off
        </Button>
        <Button
          variant="filled"
          size="sm"
          disabled={tags.length === 0}
          loading={bulk.pending === "tag"}
          onClick={() => act("tag")}
          data-testid="bulk-tag-confirm"
        >
          Put them on
        </Button>
      </Group>
    </>
  );
}

function RunGroup({ bulk, onClose }: BodyProps) {
  const [group, setGroup] = useState("");
  const known = useExamples("group");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        bulk.act({ action: "group", group }, { onSettled: onClose });
      }}
    >
      <Stack gap="md">
        <TextInput
          size="sm"
          label="Group"
          description="Empty takes them out of their groups"
          value={group}
          onChange={(event) => setGroup(event.currentTarget.value)}
          maxLength={200}
          list="known-groups"
          data-autofocus
          data-testid="bulk-group-input"
        />
        <datalist id="known-groups">
          {known.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
        <Group justify="flex-end">
          <Button
            variant="filled"
            type="submit"
            size="sm"
            loading={bulk.pending === "group"}
            data-testid="bulk-group-confirm"
          >
            {group === "" ? "Take them out of their groups" : `Put them in ${group}`}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function useExamples(name: string): string[] {
  const { data } = useQuery(runFieldsQuery());
  return data?.fields.find((field) => field.name === name)?.examples ?? [];
}
