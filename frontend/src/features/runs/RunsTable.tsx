import { Checkbox } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef } from "react";
import type { RunRow } from "~/api/types";
import { placeAt, rowCount } from "~/lib/sections";
import type { Column } from "./cells";
import { GroupLine } from "./GroupLine";
import { RunCard } from "./RunCard";
import { RunLine } from "./RunLine";
import classes from "./RunsTable.module.css";
import { TableHead } from "./TableHead";
import { useColumnWidths } from "./useColumnWidths";
import type { RunsView } from "./useRunsView";
import { type Sections, useVisiblePages } from "./useSections";
import type { Selection } from "./useSelection";

const ROW = 40;
const CARD = 76;

interface RunsTableProps {
  view: RunsView;
  columns: readonly Column[];
  sections: Sections;
  selection: Selection;
}

/** Only the rows in sight exist; their pages are read as they come into sight. */
export function RunsTable({ view, columns, sections, selection }: RunsTableProps) {
  const small = useMediaQuery("(max-width: 767px)", false, { getInitialValueInEffect: false });
  const scroller = useRef<HTMLDivElement>(null);
  const anchor = useRef<number | null>(null);
  const count = rowCount(sections.sections);
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => (small ? CARD : ROW),
    overscan: 10,
  });
  const rows = virtual.getVirtualItems();
  useVisiblePages(
    sections,
    rows.map(({ index }) => index),
  );
  const runOf = (row: number): RunRow | undefined => {
    const place = placeAt(sections.sections, row);
    return place === null || place.index < 0 ? undefined : sections.runAt(place.section, place.index);
  };
  const choose = (row: number, run: RunRow, chosen: boolean, range: boolean) => {
    if (range && chosen && anchor.current !== null) {
      const [from, to] = [Math.min(anchor.current, row), Math.max(anchor.current, row)];
      const between = Array.from({ length: to - from + 1 }, (_, step) => runOf(from + step));
      selection.add(between.filter((one) => one !== undefined).map(({ id }) => id));
    } else {
      selection.toggle(run.id, chosen);
    }
    anchor.current = row;
  };
  const widths = useColumnWidths(view, columns);

  return (
    <div
      ref={scroller}
      role="table"
      className={`card ${classes.scroller}`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
      tabIndex={0}
      aria-label="Runs"
      aria-rowcount={count + 1}
      aria-busy={sections.stale}
      data-testid="runs-table"
      style={
        small
          ? undefined
          : ({ "--columns": widths.template, "--table-width": `${widths.total}px` } as React.CSSProperties)
      }
    >
      {!small && <TableHead view={view} columns={columns} selection={selection} widths={widths} />}
      <div role="rowgroup" className={classes.body} style={{ height: virtual.getTotalSize() }}>
        {rows.map(({ index, start }) => {
          const place = placeAt(sections.sections, index);
          if (place === null) return null;
          const section = sections.sections.find(({ key }) => key === place.section.key);
          const style = { transform: `translateY(${start}px)`, height: small ? CARD : ROW };
          if (place.index < 0 && section !== undefined) {
            return (
              <GroupLine
                key={`group ${place.section.key}`}
                section={section}
                columns={small ? [] : columns}
                style={style}
                row={index}
                onToggle={() => sections.toggle(place.section.key)}
              />
            );
          }
          const run = sections.runAt(place.section, place.index);
          const key = `${place.section.key} ${place.index}`;
          if (run === undefined) return <Waiting key={key} row={index} style={style} />;
          const Line = small ? RunCard : RunLine;
          return (
            <Line
              key={key}
              run={run}
              columns={columns}
              row={index}
              style={style}
              view={view}
              selection={selection}
              box={
                <Checkbox
                  aria-label={`Select ${run.name}`}
                  checked={selection.has(run.id)}
                  onChange={(event) =>
                    choose(index, run, event.currentTarget.checked, (event.nativeEvent as MouseEvent).shiftKey === true)
                  }
                />
              }
            />
          );
        })}
      </div>
    </div>
  );
}

/** A row whose page is being read. */
function Waiting({ row, style }: { row: number; style: React.CSSProperties }) {
  return (
    <div role="row" aria-rowindex={row + 2} className={classes.row} style={style} data-waiting="true">
      <span role="cell" className={classes.skeleton}>
        <span className="visually-hidden">Reading the run</span>
      </span>
    </div>
  );
}
