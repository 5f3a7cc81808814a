import { Link } from "@tanstack/react-router";
import {
  createColumnHelper,
  createSortedRowModel,
  rowSortingFeature,
  sortFns,
  tableFeatures,
} from "@tanstack/react-table";
import type { RunSummary } from "~/api/types";
import { MethodBadge, Progress, RunDot, StatePill } from "~/components/RunBits";
import { duration, fixed, moment, number, percent } from "~/lib/format";
import classes from "./RunsPage.module.css";

export const features = tableFeatures({ rowSortingFeature, sortedRowModel: createSortedRowModel(), sortFns });

const helper = createColumnHelper<typeof features, RunSummary>();

export interface ColumnMeta {
  align?: "right";
  /** Left out first when the screen is small. */
  minor?: boolean;
}

const meta = (value: ColumnMeta) => value as object;

export const columns = helper.columns([
  helper.accessor("name", {
    header: "Name",
    sortFn: "text",
    cell: ({ row }) => (
      <span className={classes.name}>
        <RunDot color={row.original.color} />
        <Link to="/runs/$runId" params={{ runId: row.original.id }} data-testid={`run-link-${row.original.id}`}>
          {row.original.name}
        </Link>
      </span>
    ),
  }),
  helper.accessor("state", { header: "State", cell: ({ getValue }) => <StatePill state={getValue()} /> }),
  helper.accessor("method", { header: "Method", cell: ({ getValue }) => <MethodBadge method={getValue()} /> }),
  helper.accessor((run) => `${run.student} → ${run.teacher}`, {
    id: "models",
    header: "Student → teacher",
    meta: meta({ minor: true }),
    cell: ({ getValue }) => (
      <span className={classes.models} title={getValue()}>
        {getValue()}
      </span>
    ),
  }),
  helper.accessor((run) => run.step / Math.max(1, run.total_steps), {
    id: "step",
    header: "Step",
    cell: ({ row: { original: run } }) => (
      <div className={classes.step}>
        <span>
          {run.step} <span className="soft">/ {run.total_steps}</span>
        </span>
        <Progress step={run.step} total={run.total_steps} label={`Progress of ${run.name}`} />
      </div>
    ),
  }),
  helper.accessor((run) => run.latest["eval/reverse_kl"] ?? undefined, {
    id: "kl",
    header: "Held-out KL",
    sortUndefined: "last",
    meta: meta({ align: "right" }),
    cell: ({ getValue }) => fixed(getValue(), 4),
  }),
  helper.accessor((run) => run.latest["eval/accuracy"] ?? undefined, {
    id: "accuracy",
    header: "Accuracy",
    sortUndefined: "last",
    meta: meta({ align: "right" }),
    cell: ({ getValue }) => percent(getValue()),
  }),
  helper.accessor("learning_rate", {
    id: "rate",
    header: "Rate",
    meta: meta({ align: "right", minor: true }),
    cell: ({ getValue }) => number(getValue(), 3),
  }),
  helper.accessor((run) => run.latest.seconds ?? undefined, {
    id: "seconds",
    header: "Time",
    sortUndefined: "last",
    meta: meta({ align: "right", minor: true }),
    cell: ({ getValue }) => duration(getValue()),
  }),
  helper.accessor("created_at", {
    id: "created",
    header: "Created",
    meta: meta({ align: "right", minor: true }),
    cell: ({ getValue }) => <span className="nowrap">{moment(getValue())}</span>,
  }),
]);
