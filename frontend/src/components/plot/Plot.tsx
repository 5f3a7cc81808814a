import { type RefObject, useEffect, useRef } from "react";
import type { Figure } from "~/lib/figure";
import { themed } from "~/lib/plotTheme";
import { useScheme } from "../useScheme";
import { inTurn, loadPlotly } from "./loadPlotly";
import classes from "./Plot.module.css";
import { type PlotMemory, remembered, restored } from "./plotMemory";

type PlotPoint = import("plotly.js-cartesian-dist-min").PlotPoint;
type PlotElement = import("plotly.js-cartesian-dist-min").PlotElement;

const CONFIG = {
  displaylogo: false,
  showSendToCloud: false,
  plotlyServerURL: "",
  displayModeBar: "hover",
  modeBarButtons: [["zoom2d", "pan2d", "resetScale2d"]],
  scrollZoom: false,
  doubleClick: "reset+autosize",
} as const;

export interface XRange {
  from: number;
  to: number;
}

interface PlotProps {
  figure: Figure;
  /** What a screen reader says instead of the picture. */
  label: string;
  onPointClick?: (point: PlotPoint) => void;
  /** The range of the first x axis that the reader chose; null when all is shown again. */
  onZoom?: (range: XRange | null) => void;
  /** Keeps zoom and hidden traces while the plot is off the page. */
  memory?: RefObject<PlotMemory | null>;
}

/** Draws a figure and redraws it in place: zoom and hidden traces stay, since `uirevision` never changes. */
export function Plot({ figure, label, onPointClick, onZoom, memory }: PlotProps) {
  const host = useRef<HTMLElement>(null);
  const handlers = useRef({ onPointClick, onZoom });
  const wanted = useRef<Figure | null>(null);
  const zoomed = useRef(new Set<string>());
  const scheme = useScheme();
  handlers.current = { onPointClick, onZoom };

  useEffect(() => {
    const drawn = themed(figure, { scheme, height: host.current?.clientHeight });
    wanted.current = restored(drawn, memory?.current ?? null);
    void inTurn(async (plotly) => {
      const element = host.current;
      const next = wanted.current;
      if (element === null || next === null) return;
      wanted.current = null; // later figures that arrived meanwhile are already in `next`
      const plot = await plotly.react(element, next.data, next.layout, CONFIG);
      listen(plot);
    });

    function listen(plot: PlotElement) {
      plot.removeAllListeners("plotly_click");
      plot.removeAllListeners("plotly_relayout");
      plot.on("plotly_click", ({ points: [point] }) => {
        if (point !== undefined) handlers.current.onPointClick?.(point);
      });
      plot.on("plotly_relayout", (changes) => {
        noteZoom(changes, zoomed.current, memory);
        const range = rangeIn(changes);
        if (range !== undefined) handlers.current.onZoom?.(range);
      });
    }
  }, [figure, scheme, memory]);

  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    for (const axis of Object.keys(memory?.current?.ranges ?? {})) zoomed.current.add(axis);
    const observer = new ResizeObserver(() => {
      if (!element.classList.contains("js-plotly-plot") || element.clientWidth === 0) return;
      void loadPlotly().then((plotly) => (element.isConnected ? plotly.Plots.resize(element) : undefined));
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      if (memory !== undefined) memory.current = remembered(element, zoomed.current) ?? memory.current;
      void loadPlotly().then((plotly) => plotly.purge(element));
    };
  }, [memory]);

  return <figure ref={host} className={classes.plot} aria-label={label} />;
}

type Changes = Record<string, unknown>;

/** Which axes the reader has zoomed; what is restored follows, since plotly keeps only what differs from the figure. */
function noteZoom(changes: Changes, zoomed: Set<string>, memory: RefObject<PlotMemory | null> | undefined) {
  const kept = memory?.current?.ranges ?? {};
  for (const axis of new Set(Object.keys(changes).map((key) => key.split(".")[0] ?? ""))) {
    const range = rangeOf(changes, axis);
    if (changes[`${axis}.autorange`] === true) {
      zoomed.delete(axis);
      delete kept[axis];
    } else if (range !== undefined) {
      zoomed.add(axis);
      if (axis in kept) kept[axis] = range;
    }
  }
}

function rangeOf(changes: Changes, axis: string): [number, number] | undefined {
  const whole = changes[`${axis}.range`];
  const ends = Array.isArray(whole) ? whole : [changes[`${axis}.range[0]`], changes[`${axis}.range[1]`]];
  const [from, to] = ends.map((end) => (end === undefined ? Number.NaN : Number(end)));
  return from !== undefined && to !== undefined && Number.isFinite(from) && Number.isFinite(to)
    ? [from, to]
    : undefined;
}

/** The new range of the first x axis; null when it is automatic again; undefined when it did not change. */
function rangeIn(changes: Changes): XRange | null | undefined {
  if (changes["xaxis.autorange"] === true) return null;
  const range = rangeOf(changes, "xaxis");
  return range === undefined ? undefined : { from: Math.min(...range), to: Math.max(...range) };
}
