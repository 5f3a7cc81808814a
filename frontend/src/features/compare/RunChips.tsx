import { ActionIcon, Select, Tooltip } from "@mantine/core";
import { IconPlus, IconStar, IconStarFilled, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { runListQuery } from "~/api/runs";
import type { RunDetail } from "~/api/types";
import { RunDot, StatePill } from "~/components/RunBits";
import classes from "./ComparePage.module.css";
import { MAX_RUNS, type useComparison } from "./useComparison";

type Comparison = ReturnType<typeof useComparison>;

/** The compared runs in their colours; the star marks the one that the others are measured against. */
export function RunChips({ comparison }: { comparison: Comparison }) {
  const { runs, lost, ids, reference } = comparison;
  return (
    <div className={classes.chips}>
      {runs.map((run) => (
        <Chip key={run.id} run={run} isReference={run.id === reference?.id} comparison={comparison} />
      ))}
      {lost.map((id) => (
        <span key={id} className={classes.chip} data-lost="true">
          <span className="mono">{id}</span> cannot be read
          <Remove name={id} onClick={() => comparison.remove(id)} />
        </span>
      ))}
      {ids.length < MAX_RUNS && <AddRun taken={ids} onAdd={comparison.add} />}
    </div>
  );
}

interface ChipProps {
  run: RunDetail;
  isReference: boolean;
  comparison: Comparison;
}

function Chip({ run, isReference, comparison }: ChipProps) {
  const Star = isReference ? IconStarFilled : IconStar;
  return (
    <span className={classes.chip} data-testid={`chip-${run.id}`}>
      <Tooltip label={isReference ? "The others are measured against this run" : "Measure the others against this run"}>
        <ActionIcon
          variant="transparent"
          color={isReference ? "accent" : "gray"}
          size="sm"
          aria-label={`Make ${run.name} the reference`}
          aria-pressed={isReference}
          onClick={() => comparison.setReference(run.id)}
        >
          <Star size={15} />
        </ActionIcon>
      </Tooltip>
      <RunDot color={run.color} />
      <Link to="/runs/$runId" params={{ runId: run.id }}>
        {run.name}
      </Link>
      <StatePill state={run.state} />
      <span className="soft">
        {run.step} / {run.total_steps}
      </span>
      <Remove name={run.name} onClick={() => comparison.remove(run.id)} />
    </span>
  );
}

function Remove({ name, onClick }: { name: string; onClick: () => void }) {
  return (
    <ActionIcon variant="transparent" color="gray" size="sm" aria-label={`Remove ${name}`} onClick={onClick}>
      <IconX size={14} />
    </ActionIcon>
  );
}

function AddRun({ taken, onAdd }: { taken: readonly string[]; onAdd: (id: string) => void }) {
  const { data } = useQuery(runListQuery());
  const options = (data?.runs ?? [])
    .filter(({ id }) => !taken.includes(id))
    .map((run) => ({ value: run.id, label: `${run.name} · ${run.step}/${run.total_steps} · ${run.id}` }));
  return (
    <Select
      key={taken.join(",")}
      size="xs"
      w={220}
      searchable
      placeholder="Add a run"
      aria-label="Add a run"
      leftSection={<IconPlus size={14} />}
      nothingFoundMessage="No other run"
      data={options}
      value={null}
      onChange={(id) => id !== null && onAdd(id)}
      comboboxProps={{ width: 340, position: "bottom-start" }}
      data-testid="add-run"
    />
  );
}
