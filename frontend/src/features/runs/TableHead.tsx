import { Checkbox } from "@mantine/core";
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import type { Column } from "./cells";
import classes from "./RunsTable.module.css";
import type { ColumnWidths } from "./useColumnWidths";
import type { RunsView } from "./useRunsView";
import type { Selection } from "./useSelection";
import { WidthGrip, widenByKey } from "./WidthGrip";

const NEWEST = { name: "created", descending: true };

interface TableHeadProps {
  view: RunsView;
  columns: readonly Column[];
  selection: Selection;
  widths: ColumnWidths;
}

/** Names of the columns; a click sorts: numbers and times from the top, text from A, a second click the other way. */
export function TableHead({ view, columns, selection, widths }: TableHeadProps) {
  const chosen = selection.all || selection.ids.size > 0;
  return (
    <div role="rowgroup" className={classes.head}>
      <div role="row" className={classes.row} aria-rowindex={1}>
        <span role="columnheader">
          <Checkbox
            aria-label="Select all runs that match"
            checked={selection.all}
            indeterminate={!selection.all && chosen}
            onChange={() => (chosen ? selection.clear() : selection.addAll())}
            data-testid="select-all"
          />
        </span>
        <Heading view={view} widths={widths} name="name" title="Name" numeric={false} />
        {columns.map((column) => (
          <Heading key={column.name} view={view} widths={widths} {...column} />
        ))}
        <span role="columnheader">
          <span className="visually-hidden">Actions</span>
        </span>
      </div>
    </div>
  );
}

type HeadingProps = { view: RunsView; widths: ColumnWidths } & Pick<Column, "name" | "title" | "numeric">;

function Heading({ view, widths, name, title, numeric }: HeadingProps) {
  const sort = view.sort ?? NEWEST;
  const sorted = sort.name === name;
  const first = numeric || name === "step" ? "-" : "";
  const turned = sort.descending ? name : `-${name}`;
  const order = sorted ? (sort.descending ? "descending" : "ascending") : "none";
  return (
    <span role="columnheader" aria-sort={order} data-align={numeric ? "right" : undefined}>
      <button
        type="button"
        className={`bare ${classes.sort}`}
        title={`${name}: a click sorts, Shift with an arrow key changes the width`}
        aria-keyshortcuts="Shift+ArrowLeft Shift+ArrowRight"
        onKeyDown={(event) => widenByKey(event, name, widths)}
        onClick={() => view.change({ sort: sorted ? turned : `${first}${name}` })}
        data-testid={`sort-${name}`}
      >
        <span className="cut">{title}</span>
        {order === "ascending" && <IconArrowUp size={13} aria-hidden />}
        {order === "descending" && <IconArrowDown size={13} aria-hidden />}
      </button>
      <WidthGrip name={name} widths={widths} />
    </span>
  );
}
