import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef } from "react";
import { type TableRequest, tableQuery } from "~/api/panels";
import type { PanelTable } from "~/api/types";
import { number } from "~/lib/format";
import { Empty } from "../Empty";
import table from "../table.module.css";
import { Unread } from "../Unread";
import classes from "./FigureTable.module.css";

const ROW_PX = 28;

interface FigureTableProps {
  request: TableRequest;
  /** Moves as the picture's runs do. */
  cursor: string;
  title: string;
  onDownload: () => void;
}

/** The numbers of a picture, as the server tells them. */
export default function FigureTable({ request, cursor, title, onDownload }: FigureTableProps) {
  const query = useQuery(tableQuery(request, cursor));
  const { data } = query;
  if (!data) return <Unread query={query} what="the numbers" />;
  if (data.count === 0) return <Empty title="No numbers yet" />;
  return <Numbers table={data} title={title} onDownload={onDownload} />;
}

interface NumbersProps {
  table: PanelTable;
  title: string;
  onDownload: () => void;
}

/** Only the rows in sight are in the page. */
function Numbers({ table: shown, title, onDownload }: NumbersProps) {
  const box = useRef<HTMLElement>(null);
  const rows = useVirtualizer({
    count: shown.rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    initialRect: { width: 400, height: 300 },
    overscan: 12,
  });
  const visible = rows.getVirtualItems();
  const before = visible[0]?.start ?? 0;
  const after = rows.getTotalSize() - (visible.at(-1)?.end ?? 0);
  return (
    <div className={classes.numbers} data-testid="figure-table">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled box needs the keyboard */}
      <section ref={box} className={classes.scroll} tabIndex={0} aria-label={`${title}: numbers`}>
        <table className={table.table} aria-rowcount={shown.rows.length + 1}>
          <caption className="visually-hidden">{title}</caption>
          <thead className={classes.head}>
            <tr aria-rowindex={1}>
              {shown.columns.map(({ heading, numeric }) => (
                <th key={heading} scope="col" className={numeric ? table.right : undefined}>
                  {heading}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <Gap height={before} span={shown.columns.length} />
            {visible.map(({ index }) => (
              <tr key={index} aria-rowindex={index + 2} className={classes.row}>
                {shown.columns.map(({ heading, numeric }, column) => (
                  <td key={heading} className={numeric ? table.right : undefined}>
                    {cellText(shown.rows[index]?.[column] ?? null, numeric)}
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
          {shown.rows.length < shown.count && `the first ${shown.rows.length.toLocaleString("en")} of `}
          {shown.count.toLocaleString("en")} {shown.count === 1 ? "row" : "rows"}
        </span>
        <Button variant="subtle" color="gray" size="compact-xs" onClick={onDownload}>
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

/** What is not finite comes as a word, which Number knows. */
function cellText(value: string | number | null, numeric: boolean): string {
  return numeric ? number(value === null ? null : Number(value), 6) : (value ?? "").toString();
}
