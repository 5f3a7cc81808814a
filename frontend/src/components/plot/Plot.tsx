import { type RefObject, useEffect, useRef } from "react";
import type { Figure } from "~/lib/figure";
import { pointedAt, type XRange } from "~/lib/linked";
import { themed } from "~/lib/plotTheme";
import { useScheme } from "../useScheme";
import { place } from "./crosshair";
import { inTurn, loadPlotly } from "./loadPlotly";
import classes from "./Plot.module.css";
import { type PlotMemory, remembered, restored, revisionOf } from "./plotMemory";

type PlotPoint = import("plotly.js-cartesian-dist-min").PlotPoint;
type Plotly = typeof import("plotly.js-cartesian-dist-min")["default"];
type PlotElement = import("plotly.js-cartesian-dist-min").PlotElement;

const BASE = {
  displaylogo: false,
  showSendToCloud: false,
  plotlyServerURL: "",
  displayModeBar: "hover",
  scrollZoom: false,
} as const;
const ALONE = { ...BASE, modeBarButtons: [["zoom2d", "pan2d", "resetScale2d"]], doubleClick: "reset+autosize" };
const EVENTS = ["plotly_click", "plotly_relayout", "plotly_doubleclick", "plotly_hover", "plotly_unhover"];
const SHOW_ALL = "opdboard:show-all";
let together: object | undefined;

/** For pictures that are zoomed together: what is shown at first is up to the address, so plotly cannot know what "all" is. */
function linkedConfig(plotly: Plotly): object {
  const all = { name: SHOW_ALL, title: "Show all", icon: plotly.Icons.home, click: showAll };
  together ??= { ...BASE, modeBarButtons: [["zoom2d", "pan2d", all]], doubleClick: false };
  return together;
}

function showAll(plot: HTMLElement) {
  plot.dispatchEvent(new Event(SHOW_ALL));
}

interface PlotProps {
  figure: Figure;
  /** What a screen reader says instead of the picture. */
  label: string;
  onPointClick?: (point: PlotPoint) => void;
  /** The range of the first x axis that the reader chose; null when all is to be shown again. The range is then the figure's. */
  onZoom?: (range: XRange | null) => void;
  /** Pictures of one group share a line at the x that the reader points at. */
  group?: string;
  /** Keeps zoom and hidden traces while the plot is off the page. */
  memory?: RefObject<PlotMemory | null>;
}

/** Draws a figure and redraws it in place: zoom and hidden traces stay, since `uirevision` never changes. */
export function Plot({ figure, label, onPointClick, onZoom, group, memory }: PlotProps) {
  const host = useRef<HTMLElement>(null);
  const line = useRef<HTMLDivElement>(null);
  const handlers = useRef({ onPointClick, onZoom, group });
  const wanted = useRef<Figure | null>(null);
  const zoomed = useRef(new Map<string, unknown>());
  const pointing = useRef(false);
  const scheme = useScheme();
  handlers.current = { onPointClick, onZoom, group };

  useEffect(() => {
    const drawn = themed(figure, { scheme, height: host.current?.clientHeight });
    wanted.current = restored(drawn, memory?.current ?? null);
    void inTurn(async (plotly) => {
      const element = host.current;
      const next = wanted.current;
      if (element === null || next === null) return;
      wanted.current = null; // later figures that arrived meanwhile are already in `next`
      const linked = handlers.current.onZoom !== undefined;
      const plot = await plotly.react(element, next.data, next.layout, linked ? linkedConfig(plotly) : ALONE);
      listen(plot);
      if (line.current !== null) place(line.current, plot, handlers.current.group);
    });

    function listen(plot: PlotElement) {
      for (const event of EVENTS) plot.removeAllListeners(event);
      plot.on("plotly_click", ({ points: [point] }) => {
        if (point !== undefined) handlers.current.onPointClick?.(point);
      });
      plot.on("plotly_relayout", (changes) => {
        noteZoom(plot, changes, zoomed.current, memory, handlers.current.onZoom === undefined ? "" : "xaxis");
        const range = rangeIn(changes);
        if (range !== undefined) handlers.current.onZoom?.(range);
      });
      plot.on("plotly_doubleclick", () => handlers.current.onZoom?.(null));
      plot.on("plotly_hover", ({ points: [point] }) => {
        const { group: own } = handlers.current;
        if (own === undefined || point === undefined) return;
        pointing.current = true;
        pointedAt.set({ group: own, x: Number(point.x) });
      });
      plot.on("plotly_unhover", () => {
        pointing.current = false;
        pointedAt.set(null);
      });
    }
  }, [figure, scheme, memory]);

  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    for (const [axis, { revision }] of Object.entries(memory?.current?.ranges ?? {}))
      zoomed.current.set(axis, revision);
    const observer = new ResizeObserver(() => {
      if (!element.classList.contains("js-plotly-plot") || element.clientWidth === 0) return;
      void loadPlotly().then((plotly) => (element.isConnected ? plotly.Plots.resize(element) : undefined));
    });
    observer.observe(element);
    const all = () => handlers.current.onZoom?.(null);
    element.addEventListener(SHOW_ALL, all);
    const forget = pointedAt.subscribe(() => {
      if (line.current !== null) place(line.current, element, handlers.current.group);
    });
    return () => {
      observer.disconnect();
      element.removeEventListener(SHOW_ALL, all);
      forget();
      if (pointing.current) pointedAt.set(null); // what is taken away under the pointer is never left by it
      if (memory !== undefined) memory.current = remembered(element, zoomed.current) ?? memory.current;
      void loadPlotly().then((plotly) => plotly.purge(element));
    };
  }, [memory]);

  return (
    <div className={classes.frame}>
      <figure ref={host} className={classes.plot} aria-label={label} />
      <div ref={line} className={classes.crosshair} data-testid="crosshair" hidden />
    </div>
  );
}

type Changes = Record<string, unknown>;

/** Which axes the reader has zoomed, but for the one whose range is in the address; what is restored follows, since plotly keeps only what differs from the figure. */
function noteZoom(
  plot: PlotElement,
  changes: Changes,
  zoomed: Map<string, unknown>,
  memory: RefObject<PlotMemory | null> | undefined,
  addressed: string,
) {
  const kept = memory?.current?.ranges ?? {};
  for (const axis of new Set(Object.keys(changes).map((key) => key.split(".")[0] ?? ""))) {
    if (axis === addressed) continue;
    const range = rangeOf(changes, axis);
    if (changes[`${axis}.autorange`] === true) {
      zoomed.delete(axis);
      delete kept[axis];
    } else if (range !== undefined) {
      const revision = revisionOf(plot, axis);
      zoomed.set(axis, revision);
      if (axis in kept) kept[axis] = { range, revision };
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
  return range === undefined ? undefined : { from: range[0], to: range[1] };
}
