import { useRef } from "react";
import classes from "./RunsTable.module.css";
import type { ColumnWidths } from "./useColumnWidths";

const STEP = 16;

/** The edge of a column's heading: drawn with the pointer; a double click sets the width back. */
export function WidthGrip({ name, widths }: { name: string; widths: ColumnWidths }) {
  const start = useRef<{ x: number; width: number } | null>(null);
  const at = (event: React.PointerEvent) =>
    start.current === null ? null : start.current.width + event.clientX - start.current.x;
  return (
    <span
      className={classes.grip}
      aria-hidden // the heading's button does the same by keyboard
      title="Drag to change the width, double click to set it back"
      data-testid={`width-${name}`}
      onPointerDown={(event) => {
        event.preventDefault();
        event.currentTarget.setPointerCapture(event.pointerId);
        start.current = { x: event.clientX, width: headingWidth(event.currentTarget) };
      }}
      onPointerMove={(event) => {
        const width = at(event);
        if (width !== null) widths.draw(name, width);
      }}
      onPointerUp={(event) => {
        const width = at(event);
        if (width !== null && event.clientX !== start.current?.x) widths.keep(name, width);
        start.current = null;
      }}
      onPointerCancel={() => {
        start.current = null;
        widths.reset(name);
      }}
      onDoubleClick={() => widths.reset(name)}
    />
  );
}

/** Shift with an arrow key on a heading makes its column wider or narrower. */
export function widenByKey(event: React.KeyboardEvent<HTMLElement>, name: string, widths: ColumnWidths) {
  if (!event.shiftKey || (event.key !== "ArrowLeft" && event.key !== "ArrowRight")) return;
  event.preventDefault();
  widths.keep(name, headingWidth(event.currentTarget) + (event.key === "ArrowRight" ? STEP : -STEP));
}

function headingWidth(within: HTMLElement): number {
  return within.closest<HTMLElement>("[role=columnheader]")?.offsetWidth ?? 0;
}
