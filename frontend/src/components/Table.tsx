import { type ComponentProps, Fragment, type Key, type ReactNode } from "react";
import { ScrollBox } from "./ScrollBox";
import classes from "./table.module.css";

export interface Column<Row> {
  head: string;
  /** The head is for those who listen only. */
  hidden?: boolean;
  /** Numbers stand to the right. */
  right?: boolean;
  className?: string;
  cell: (row: Row) => ReactNode;
}

interface TableProps<Row> extends ComponentProps<"div"> {
  /** What it is a table of, for those who listen. */
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => Key;
  /** More attributes of a row. */
  attributesOf?: (row: Row) => ComponentProps<"tr"> & { "data-testid"?: string };
  /** A line above the row, where a group of rows begins with it. */
  groupOf?: (row: Row) => ReactNode;
}

/** A row per thing; it scrolls by itself where it is wider than the page, and on a phone each row is a card. */
export function Table<Row>(props: TableProps<Row>) {
  const { columns, rows, keyOf, attributesOf, groupOf, children, ...rest } = props;
  const classOf = ({ right, className: own }: Column<Row>) => [right && classes.right, own].filter(Boolean).join(" ");
  return (
    <ScrollBox {...rest}>
      {children}
      <table className={`${classes.table} ${classes.cards}`}>
        <thead>
          <tr>
            {columns.map(({ head, hidden, right }) => (
              <th key={head} className={right ? classes.right : ""}>
                {hidden ? <span className="visually-hidden">{head}</span> : head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Fragment key={keyOf(row)}>
              <GroupLine columns={columns.length}>{groupOf?.(row)}</GroupLine>
              <tr {...attributesOf?.(row)}>
                {columns.map((column) => (
                  <td key={column.head} className={classOf(column)} data-head={column.hidden ? undefined : column.head}>
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            </Fragment>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  );
}

function GroupLine({ columns, children }: { columns: number; children: ReactNode }) {
  if (!children) return null;
  return (
    <tr className={classes.group}>
      <td colSpan={columns}>{children}</td>
    </tr>
  );
}
