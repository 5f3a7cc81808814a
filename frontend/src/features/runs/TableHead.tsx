import { Checkbox } from "@mantine/core";
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import type { Column } from "./cells";
import classes from "./RunsPage.module.css";
import type { RunsView } from "./useRunsView";
import type { Selection } from "./useSelection";

const NEWEST = { name: "created", descending: true };

interface TableHeadProps {
  view: RunsView;
  columns: readonly Column[];
  selection: Selection;
}

/** Names of the columns; a click sorts: numbers and times from the top, text from A, a second click the other way. */
export function TableHead({ view, columns, selection }: TableHeadProps) {
  const chosen = selection.all || selection.runs.size > 0;
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
        <Heading view={view} name="name" title="Name" numeric={false} />
        {columns.map((column) => (
          <Heading key={column.name} view={view} {...column} />
        ))}
        <span role="columnheader">
          <span className="visually-hidden">Actions</span>
        </span>
      </div>
    </div>
  );
}

type HeadingProps = { view: RunsView } & Pick<Column, "name" | "title" | "numeric">;

function Heading({ view, name, title, numeric }: HeadingProps) {
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
        title={name}
        onClick={() => view.change({ sort: sorted ? turned : `${first}${name}` })}
        data-testid={`sort-${name}`}
      >
        <span className="cut">{title}</span>
        {order === "ascending" && <IconArrowUp size={13} aria-hidden />}
        {order === "descending" && <IconArrowDown size={13} aria-hidden />}
      </button>
    </span>
  );
}
