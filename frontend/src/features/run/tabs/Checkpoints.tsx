import { Group } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { checkpointsQuery } from "~/api/runs";
import type { Checkpoint, RunDetail } from "~/api/types";
import { Empty } from "~/components/Empty";
import { type Column, Table } from "~/components/Table";
import table from "~/components/table.module.css";
import { Unread } from "~/components/Unread";
import { bytes, fixed, moment, percent } from "~/lib/format";
import { optionLabel } from "~/lib/panelSchema";
import { ExportLink } from "../ExportLink";
import { ForkButton } from "../ForkButton";
import { TalkLink } from "../TalkLink";

/** What is on disk, and a new run from any of it. */
export default function Checkpoints({ run }: { run: RunDetail }) {
  const query = useQuery(checkpointsQuery(run.id));
  if (!query.data) return <Unread what="the checkpoints" query={query} />;
  const { checkpoints, metric, heading } = query.data;
  if (checkpoints.length === 0) {
    return (
      <Empty card title="No checkpoint yet">
        {run.config
          ? `One is written every ${run.config.budget.checkpoint_every} steps, and when you ask for one.`
          : "This run's own trainer keeps its checkpoints."}
      </Empty>
    );
  }
  const kept = checkpoints.filter(({ removed }) => !removed);
  const size = kept.reduce((sum, checkpoint) => sum + checkpoint.bytes, 0);
  return (
    <Table
      label="Checkpoints"
      className="card"
      data-testid="checkpoints-table"
      columns={columnsOf(run, metric, heading)}
      rows={[...checkpoints].reverse()}
      keyOf={({ step }) => step}
      attributesOf={({ step, removed }) => ({
        className: removed ? table.quiet : undefined,
        "data-testid": `checkpoint-${step}`,
      })}
    >
      <p className={table.caption}>
        {kept.length} of {checkpoints.length} on disk, {bytes(size)}
        {run.config !== null &&
          `; the newest ${run.config.budget.keep_checkpoints} stay${run.config.selection.keep_best ? ", the best one" : ""}, and those that unfinished forks still have to load`}
        .
      </p>
    </Table>
  );
}

function columnsOf(run: RunDetail, metric: string | null, heading: string | null): Column<Checkpoint>[] {
  const heldOut: Column<Checkpoint> = {
    head: heading ?? "",
    right: true,
    cell: ({ best, held_out }) =>
      `${best ? "best: " : ""}${metric === "eval/accuracy" ? percent(held_out) : fixed(held_out, 4)}`,
  };
  return [
    { head: "Step", right: true, cell: ({ step }) => step },
    { head: "Why", cell: ({ reason }) => optionLabel(reason) },
    ...(metric === null ? [] : [heldOut]),
    { head: "Size", right: true, cell: (checkpoint) => bytes(checkpoint.bytes) },
    { head: "Written", className: "nowrap", cell: ({ created_at }) => moment(created_at) },
    { head: "Folder", className: "mono", cell: ({ removed, path }) => (removed ? "removed to save space" : path) },
    {
      head: "Fork, export and talk",
      hidden: true,
      right: true,
      cell: ({ removed, step }) =>
        !removed && (
          <Group gap={6} justify="flex-end" wrap="nowrap">
            <ExportLink runId={run.id} step={step} />
            {run.config !== null && <TalkLink runId={run.id} step={step} />}
            <ForkButton runId={run.id} step={step} testId={`fork-${step}`}>
              Fork from here
            </ForkButton>
          </Group>
        ),
    },
  ];
}
