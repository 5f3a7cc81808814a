import { Text } from "@mantine/core";
import { number } from "~/lib/format";
import { optionLabel } from "~/lib/panelSchema";
import { Table } from "./Table";
import classes from "./table.module.css";

export interface TableData {
  columns: string[];
  rows: (string | number | null)[][];
}

/** A few rows of numbers, named by their first column. */
export function SmallTable({ table, caption }: { table: TableData; caption: string }) {
  const columns = table.columns.map((column, index) => ({
    head: optionLabel(column),
    right: index > 0,
    className: index > 0 ? undefined : classes.named,
    cell: (row: TableData["rows"][number]) => {
      const value = row[index] ?? null;
      return typeof value === "string" ? value : number(value);
    },
  }));
  return (
    <Table label={caption} columns={columns} rows={table.rows} keyOf={(row) => String(row[0])}>
      <Text size="sm" fw={600} p="8px 10px 0">
        {caption}
      </Text>
    </Table>
  );
}
