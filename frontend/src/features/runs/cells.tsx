import { Tooltip } from "@mantine/core";
import type { RunField, RunRow } from "~/api/types";
import { MethodBadge, Progress, StatePill } from "~/components/RunBits";
import { bytes, count, duration, fixed, moment, number, percent } from "~/lib/format";
import { NoteCell } from "./NoteCell";
import classes from "./RunsTable.module.css";
import { TagsCell } from "./TagsCell";

export interface Column {
  name: string;
  /** Not there until the fields are known. */
  field: RunField | undefined;
  title: string;
  width: number;
  numeric: boolean;
  /** Its mean over a group says something. */
  measured: boolean;
}

const WIDTHS: Record<string, number> = {
  state: 104,
  method: 148,
  group: 100,
  tag: 132,
  notes: 220,
  step: 104,
  created: 124,
  seconds: 92,
};
const NUMERIC = new Set(["number", "time"]);
const SHARES = new Set(["progress", "eval/accuracy", "latest.accuracy", "eval/gap_recovery", "eval/teacher_accuracy"]);
const SECONDS = /seconds$/;

/** A field of the query language as a column; one that is not known yet is shown as text. */
export function columnOf(name: string, field: RunField | undefined): Column {
  const numeric = field?.source === "config" ? field.examples.every(isNumber) : NUMERIC.has(field?.type ?? "");
  const title = field?.short ?? name.replace(/^(latest|config)\./, "");
  return {
    name,
    field,
    title,
    width: WIDTHS[name] ?? Math.min(200, Math.max(76, title.length * 7.2 + 26)),
    numeric: numeric && name !== "step",
    measured: field?.source === "measure" || name === "progress",
  };
}

function isNumber(text: string): boolean {
  return text !== "" && Number.isFinite(Number(text));
}

/** A measure as the table writes it. */
export function measured(name: string, value: number | null | undefined): string {
  if (SHARES.has(name) || name.endsWith("_share")) return percent(value);
  if (SECONDS.test(name)) return duration(value);
  if (name.endsWith("_bytes")) return bytes(value);
  if (/tokens$/.test(name)) return count(value);
  return name.startsWith("eval/") ? fixed(value, 4) : number(value);
}

/** What a column shows of a run. */
export function Cell({ run, column }: { run: RunRow; column: Column }) {
  switch (column.name) {
    case "state":
      return <StatePill state={run.state} />;
    case "method":
      return <MethodBadge name={run.method_name} />;
    case "tag":
      return <TagsCell run={run} />;
    case "notes":
      return <NoteCell run={run} />;
    case "step":
      return (
        <div className={classes.step}>
          <span>
            {run.step} <span className="soft">/ {run.total_steps}</span>
          </span>
          <Progress step={run.step} total={run.total_steps} label={`Progress of ${run.name}`} />
        </div>
      );
    case "progress":
      return percent(run.total_steps > 0 ? run.step / run.total_steps : null, 0);
    case "error":
      return run.error === null ? null : (
        <Tooltip label={String(run.error.detail ?? "")}>
          <span className="cut">{String(run.error.error ?? "")}</span>
        </Tooltip>
      );
    default:
      return <Plain text={plain(run, column)} />;
  }
}

function Plain({ text }: { text: string }) {
  return (
    <span className="cut" title={text}>
      {text}
    </span>
  );
}

function plain(run: RunRow, { name, field }: Column): string {
  if (field?.source === "run") {
    const value = run[field.key as keyof RunRow];
    return field.type === "time" ? moment(value as number | null) : String(value ?? "");
  }
  if (name in run.configured) return configured(run.configured[name]);
  return measured(name, run.latest[name.replace(/^latest\./, "")]);
}

function configured(value: unknown): string {
  if (typeof value === "number") return number(value);
  return value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
}
