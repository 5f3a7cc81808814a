import { ActionIcon, Alert, Button, Group, Menu, Tooltip } from "@mantine/core";
import {
  IconArrowLeft,
  IconArrowRight,
  IconDots,
  IconStack2,
  IconStar,
  IconStarFilled,
  IconX,
} from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { Entry } from "~/api/types";
import { MenuLink } from "~/components/MenuLink";
import { RunDot, StatePill } from "~/components/RunBits";
import { MOST_ENTRIES } from "~/lib/compared";
import { AddEntry } from "./AddEntry";
import classes from "./ComparePage.module.css";
import type { Comparison } from "./useComparison";

/** The compared runs and groups in their colours; the star marks the one that the others are measured against. */
export function EntryChips({ comparison }: { comparison: Comparison }) {
  const { entries, missing, surplus, asked, reference } = comparison;
  const full = asked.length >= MOST_ENTRIES;
  return (
    <>
      <Group gap={8} mb={12}>
        {entries.map((entry, index) => (
          <Chip
            key={entry.key}
            entry={entry}
            isReference={entry.key === reference?.key}
            isFirst={index === 0}
            isLast={index === entries.length - 1}
            comparison={comparison}
          />
        ))}
        {missing.map((key) => (
          <span key={key} className={classes.chip} data-lost="true">
            <span className="mono">{key}</span> cannot be read
            <Remove name={key} onClick={() => comparison.remove(key)} />
          </span>
        ))}
        {full ? (
          <span className="soft" data-testid="compare-full">
            {MOST_ENTRIES} of {MOST_ENTRIES}: remove one to add another
          </span>
        ) : (
          <AddEntry taken={asked} onAdd={comparison.add} />
        )}
      </Group>
      {surplus.length > 0 && (
        <Alert
          color="yellow"
          variant="light"
          mb={12}
          title={`At most ${MOST_ENTRIES} runs or groups are compared at a time`}
          data-testid="compare-surplus"
        >
          <Group gap="8px 16px" justify="space-between">
            <span>
              {surplus.length} more in this address {surplus.length === 1 ? "is" : "are"} left out: {surplus.join(", ")}
              . Put runs into a group to compare more of them, up to 50 in all.
            </span>
            <Button size="xs" onClick={comparison.keepFirst}>
              Keep the first {MOST_ENTRIES}
            </Button>
          </Group>
        </Alert>
      )}
    </>
  );
}

interface ChipProps {
  entry: Entry;
  isReference: boolean;
  isFirst: boolean;
  isLast: boolean;
  comparison: Comparison;
}

function Chip({ entry, isReference, isFirst, isLast, comparison }: ChipProps) {
  const Star = isReference ? IconStarFilled : IconStar;
  const run = entry.runs[0];
  return (
    <span className={classes.chip} data-testid={`chip-${entry.key}`}>
      <Tooltip label={isReference ? "The others are measured against this" : "Measure the others against this"}>
        <ActionIcon
          variant="transparent"
          color={isReference ? "accent" : "gray"}
          aria-label={`Make ${entry.name} the reference`}
          aria-pressed={isReference}
          onClick={() => comparison.setReference(entry.key)}
        >
          <Star size={15} />
        </ActionIcon>
      </Tooltip>
      <RunDot color={entry.color} />
      {entry.is_group || run === undefined ? (
        <>
          <IconStack2 size={14} aria-label="Group" />
          <b>{entry.name}</b>
          <span className="soft">{groupSize(entry)}</span>
        </>
      ) : (
        <>
          <Link to="/runs/$runId" params={{ runId: run.id }}>
            {entry.name}
          </Link>
          <StatePill state={run.state} />
          <span className="soft">
            {run.step} / {run.total_steps}
          </span>
        </>
      )}
      <Menu>
        <Menu.Target>
          <ActionIcon variant="transparent" aria-label={`More of ${entry.name}`}>
            <IconDots size={14} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<IconArrowLeft size={14} />}
            disabled={isFirst}
            onClick={() => comparison.move(entry.key, -1)}
          >
            Move to the left
          </Menu.Item>
          <Menu.Item
            leftSection={<IconArrowRight size={14} />}
            disabled={isLast}
            onClick={() => comparison.move(entry.key, 1)}
          >
            Move to the right
          </Menu.Item>
          {entry.is_group && <Menu.Label>Runs of this group</Menu.Label>}
          {entry.is_group &&
            entry.runs.map((member) => (
              <MenuLink
                key={member.id}
                to="/runs/$runId"
                params={{ runId: member.id }}
                leftSection={<RunDot color={member.color} />}
                rightSection={<StatePill state={member.state} />}
              >
                {member.name}
              </MenuLink>
            ))}
        </Menu.Dropdown>
      </Menu>
      <Remove name={entry.name} onClick={() => comparison.remove(entry.key)} />
    </span>
  );
}

/** "3 runs, 2 finished, 1 failed left out". */
function groupSize({ runs, failed }: Entry): string {
  const finished = runs.filter(({ state }) => state === "finished").length;
  const parts = [`${runs.length} ${runs.length === 1 ? "run" : "runs"}`];
  if (finished < runs.length) parts.push(`${finished} finished`);
  if (failed > 0) parts.push(`${failed} failed, left out`);
  return parts.join(", ");
}

function Remove({ name, onClick }: { name: string; onClick: () => void }) {
  return (
    <ActionIcon variant="transparent" aria-label={`Remove ${name}`} onClick={onClick}>
      <IconX size={14} />
    </ActionIcon>
  );
}
