import { useEffect, useRef } from "react";
import type { Figure } from "~/lib/figure";
import { themed } from "~/lib/plotTheme";
import { useScheme } from "../useScheme";
import { loadPlotly } from "./loadPlotly";
import classes from "./Plot.module.css";

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

interface PlotProps {
  figure: Figure;
  /** What a screen reader says instead of the picture. */
  label: string;
  onPointClick?: (point: PlotPoint) => void;
}

/** Draws a figure and redraws it in place: zoom and hidden traces stay, since `uirevision` never changes. */
export function Plot({ figure, label, onPointClick }: PlotProps) {
  const host = useRef<HTMLElement>(null);
  const click = useRef(onPointClick);
  const drawing = useRef<Promise<unknown>>(Promise.resolve());
  const wanted = useRef<Figure | null>(null);
  const scheme = useScheme();
  click.current = onPointClick;

  useEffect(() => {
    wanted.current = themed(figure, { scheme, height: host.current?.clientHeight });
    drawing.current = drawing.current.then(async () => {
      const plotly = await loadPlotly();
      const element = host.current;
      const next = wanted.current;
      if (element === null || next === null) return;
      wanted.current = null; // later figures that arrived meanwhile are already in `next`
      const plot = await plotly.react(element, next.data, next.layout, CONFIG);
      listenOnce(plot, (point) => click.current?.(point));
    });
  }, [figure, scheme]);

  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => {
      if (!element.classList.contains("js-plotly-plot") || element.clientWidth === 0) return;
      void loadPlotly().then((plotly) => (element.isConnected ? plotly.Plots.resize(element) : undefined));
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      void loadPlotly().then((plotly) => plotly.purge(element));
    };
  }, []);

  return <figure ref={host} className={classes.plot} aria-label={label} />;
}

function listenOnce(plot: PlotElement, handler: (point: PlotPoint) => void) {
  plot.removeAllListeners("plotly_click");
  plot.on("plotly_click", (event) => {
    const point = event.points[0];
    if (point !== undefined) handler(point);
  });
}
