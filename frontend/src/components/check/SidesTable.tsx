import type { CheckSide } from "~/api/types";
import { Table } from "~/components/Table";
import { number } from "~/lib/format";
import classes from "./Check.module.css";

type Row = readonly [string, (side: CheckSide) => string];

const ROWS: readonly Row[] = [
  ["Model", ({ label }) => label],
  ["Reads", ({ template }) => template],
  ["Template arguments", ({ template_arguments }) => settings(template_arguments)],
  ["Begins with", ({ begins_with }) => (begins_with ? `${begins_with.text} (${begins_with.id})` : "–")],
  ["End tokens", ({ end_tokens }) => end_tokens.map(({ text, id }) => `${text} (${id})`).join(", ") || "–"],
  ["Tokens", ({ tokens }) => tokens?.toLocaleString("en") ?? "not known"],
  ["Rows of padding", padding],
  ["Temperature", ({ temperature }) => number(temperature)],
  [
    "generation_config.json",
    ({ generation }) => (Object.keys(generation).length > 0 ? `${settings(generation)}, not used` : "–"),
  ],
];

/** A column per side, a row per fact. */
export function SidesTable({ sides }: { sides: readonly CheckSide[] }) {
  const columns = [
    { head: "Fact", hidden: true, className: "soft", cell: ([name]: Row) => name },
    ...sides.map((side) => ({
      head: side.who,
      className: classes.cell,
      cell: ([, of]: Row) => of(side),
    })),
  ];
  return (
    <Table
      label="What student and teacher read"
      role="region"
      aria-label="How each side reads and ends"
      tabIndex={0}
      columns={columns}
      rows={ROWS}
      keyOf={([name]) => name}
    />
  );
}

function padding({ rows, tokens }: CheckSide): string {
  if (rows == null || tokens == null) return "not known";
  return rows > tokens ? `${(rows - tokens).toLocaleString("en")} of ${rows.toLocaleString("en")}, never used` : "none";
}

function settings(values: Record<string, unknown>): string {
  return (
    Object.entries(values)
      .map(([name, value]) => `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`)
      .join(", ") || "–"
  );
}
