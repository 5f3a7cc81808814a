import { Button } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef } from "react";
import { downloadText } from "~/lib/download";
import type { Figure } from "~/lib/figure";
import { tablesOf, tableToCsv } from "~/lib/figureTable";
import { number } from "~/lib/format";
import type { Cell, Table } from "~/lib/table";
import { Empty } from "../Empty";
import table from "../table.module.css";
import classes from "./FigureTable.module.css";

const ROW_PX = 28;

interface FigureTableProps {
  figure: Figure;
  title: string;
  filename: string;
}

/** The numbers of a picture; only the rows in sight are in the page. */
export default function FigureTable({ figure, title, filename }: FigureTableProps) {
  const tables = useMemo(() => tablesOf(figure), [figure]);
  if (tables.length === 0) return <Empty title="No numbers yet" />;
  return (
    <div className={classes.tables} data-testid="figure-table">
      {tables.map((one, index) => (
        <Numbers
          key={one.caption}
          table={one}
          title={title}
          filename={index === 0 ? filename : `${filename}-${index}`}
        />
      ))}
    </div>
  );
}

function Numbers({ table: shown, title, filename }: { table: Table; title: string; filename: string }) {
  const box = useRef<HTMLElement>(null);
  const rows = useVirtualizer({
    count: shown.count,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    initialRect: { width: 400, height: 300 },
    overscan: 12,
  });
  const visible = rows.getVirtualItems();
  const before = visible[0]?.start ?? 0;
  const after = rows.getTotalSize() - (visible.at(-1)?.end ?? 0);
  return (
    <div className={classes.numbers}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled box needs the keyboard */}
      <section ref={box} className={classes.scroll} tabIndex={0} aria-label={`${title}: ${shown.caption}`}>
        <table className={table.table} aria-rowcount={shown.count + 1}>
          <caption className="visually-hidden">
            {title}: {shown.caption}
          </caption>
          <thead className={classes.head}>
            <tr aria-rowindex={1}>
              {shown.columns.map(({ title: column, numeric }) => (
                <th key={column} scope="col" className={numeric ? table.right : undefined}>
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <Gap height={before} span={shown.columns.length} />
            {visible.map(({ index }) => (
              <tr key={index} aria-rowindex={index + 2} className={classes.row}>
                {shown.row(index).map((value, column) => (
                  <td
                    // biome-ignore lint/suspicious/noArrayIndexKey: a cell is its place
                    key={column}
                    className={shown.columns[column]?.numeric ? table.right : undefined}
                  >
                    {cellText(value)}
                  </td>
                ))}
              </tr>
            ))}
            <Gap height={after} span={shown.columns.length} />
          </tbody>
        </table>
      </section>
      <footer className={classes.foot}>
        <span>
          {shown.count.toLocaleString("en")} {shown.count === 1 ? "row" : "rows"}
        </span>
        <Button
          variant="subtle"
          color="gray"
          size="compact-xs"
          onClick={() => downloadText(tableToCsv(shown), `${filename}.csv`, "text/csv")}
        >
          Download all as CSV
        </Button>
      </footer>
    </div>
  );
}

/** Room for the rows that are out of sight. */
function Gap({ height, span }: { height: number; span: number }) {
  if (height <= 0) return null;
  return (
    <tr aria-hidden className={classes.gap}>
      <td colSpan={span} style={{ height }} />
    </tr>
  );
}

function cellText(value: Cell | undefined): string {
  return typeof value === "string" ? value : number(value, 6);
}
