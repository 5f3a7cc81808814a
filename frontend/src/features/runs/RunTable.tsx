import { Checkbox } from "@mantine/core";
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { type SortingState, useTable } from "@tanstack/react-table";
import type { RunSummary } from "~/api/types";
import { useView } from "~/components/useView";
import { list } from "~/lib/urlParams";
import { type ColumnMeta, columns, features } from "./columns";
import { sortOf, sortText } from "./filters";
import { RunMenu } from "./RunMenu";
import classes from "./RunsPage.module.css";

const SORT_WORDS = { asc: "ascending", desc: "descending", none: "none" } as const;

interface RunTableProps {
  runs: RunSummary[];
  selected: readonly string[];
}

/** Sort order and selection are in the URL. */
export function RunTable({ runs, selected }: RunTableProps) {
  const [search, change] = useView();
  const sorting: SortingState = sortOf(search.sort);
  const table = useTable({
    features,
    columns,
    data: runs,
    getRowId: (run) => run.id,
    state: { sorting },
    enableSortingRemoval: false,
    onSortingChange: (update) => change({ sort: sortText(typeof update === "function" ? update(sorting) : update) }),
  });
  const toggle = (id: string) => {
    const chosen = list(search.selected);
    const next = chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id];
    change({ selected: next.join(",") });
  };

  return (
    <table className={classes.table} data-testid="runs-table">
      <thead>
        {table.getHeaderGroups().map((group) => (
          <tr key={group.id}>
            <th>
              <span className="visually-hidden">Select</span>
            </th>
            {group.headers.map((header) => {
              const { align, minor } = (header.column.columnDef.meta ?? {}) as ColumnMeta;
              const sorted = header.column.getIsSorted();
              return (
                <th
                  key={header.id}
                  data-align={align}
                  data-minor={minor}
                  aria-sort={SORT_WORDS[sorted === false ? "none" : sorted]}
                >
                  <button type="button" className={classes.sort} onClick={header.column.getToggleSortingHandler()}>
                    <table.FlexRender header={header} />
                    {sorted === "asc" && <IconArrowUp size={13} aria-hidden />}
                    {sorted === "desc" && <IconArrowDown size={13} aria-hidden />}
                  </button>
                </th>
              );
            })}
            <th>
              <span className="visually-hidden">Actions</span>
            </th>
          </tr>
        ))}
      </thead>
      <tbody>
        {table.getRowModel().rows.map((row) => (
          <tr key={row.id} data-selected={selected.includes(row.id)} data-testid={`run-row-${row.id}`}>
            <td>
              <Checkbox
                size="xs"
                aria-label={`Select ${row.original.name}`}
                checked={selected.includes(row.id)}
                onChange={() => toggle(row.id)}
              />
            </td>
            {row.getAllCells().map((cell) => {
              const { align, minor } = (cell.column.columnDef.meta ?? {}) as ColumnMeta;
              return (
                <td key={cell.id} data-align={align} data-minor={minor}>
                  <table.FlexRender cell={cell} />
                </td>
              );
            })}
            <td data-align="right">
              <RunMenu run={row.original} />
            </td>
          </tr>
        ))}
        {runs.length === 0 && (
          <tr>
            <td colSpan={columns.length + 2} className={classes.none}>
              No run matches these filters.
            </td>
          </tr>
        )}
      </tbody>
    </table>
  );
}
