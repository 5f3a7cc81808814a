import { number } from "~/lib/format";
import { optionLabel } from "~/lib/panelSchema";
import classes from "./table.module.css";

export interface TableData {
  columns: string[];
  rows: (string | number | null)[][];
}

/** Numbers that a panel puts beside its figure. */
export function MetaTable({ table, caption }: { table: TableData; caption: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and without focus no key can scroll it
    <section className={classes.wrap} tabIndex={0} aria-label={caption}>
      <table className={classes.table}>
        <caption style={{ textAlign: "left", padding: "8px 10px 0", fontWeight: 600 }}>{caption}</caption>
        <thead>
          <tr>
            {table.columns.map((column, index) => (
              <th key={column} className={index > 0 ? classes.right : undefined}>
                {optionLabel(column)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map((row) => (
            <tr key={String(row[0])}>
              {row.map((value, index) => (
                <td key={table.columns[index]} className={index > 0 ? classes.right : classes.named}>
                  {typeof value === "number" || value === null ? number(value) : value}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
