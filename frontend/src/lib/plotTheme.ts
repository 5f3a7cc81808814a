/** The look of every picture: applied to a copy of the layout, so that figures stay as the API drew them. */
import { type Scheme, visible } from "./colors";
import { type Attributes, type Figure, isPlain, type Trace } from "./figure";
import { fitted } from "./plotFit";

interface Palette {
  ink: string;
  soft: string;
  grid: string;
  line: string;
  hover: string;
  hoverLine: string;
}

const PALETTES: Record<Scheme, Palette> = {
  light: { ink: "#1b1f27", soft: "#545c6b", grid: "#e8eaee", line: "#c9ced6", hover: "#ffffff", hoverLine: "#c9ced6" },
  dark: { ink: "#dfe2e8", soft: "#9aa1b0", grid: "#252a34", line: "#3a404d", hover: "#1d212a", hoverLine: "#3a404d" },
};

const FONT = '"Inter Variable", Inter, system-ui, sans-serif';

export interface Look {
  scheme: Scheme;
  /** For exports, which stand alone; on the page the title stands above the picture. */
  title?: string;
  background?: string;
  fontSize?: number;
  /** Pixels that the picture is high; labels are moved apart by it. */
  height?: number;
}

export function themed(figure: Figure, look: Look): Figure {
  const { data, layout } = fitted(figure, look.height);
  return {
    data: withLegendMarks(data, PALETTES[look.scheme].soft).map((trace) => ({
      ...(recolored(trace, look.scheme) as Trace),
      uid: selectable(trace.uid),
    })),
    layout: themedLayout(layout, look),
  };
}

function themedLayout(layout: Attributes, look: Look): Attributes {
  const palette = PALETTES[look.scheme];
  const background = look.background ?? "rgba(0,0,0,0)";
  const result: Attributes = {
    ...layout,
    template: undefined,
    autosize: true,
    width: undefined,
    height: undefined,
    paper_bgcolor: background,
    plot_bgcolor: background,
    font: { family: FONT, size: look.fontSize ?? 11, color: palette.soft },
    uirevision: layout.uirevision ?? "kept",
    legend: { bgcolor: "rgba(0,0,0,0)", ...plain(layout.legend) },
    hoverlabel: {
      bgcolor: palette.hover,
      bordercolor: palette.hoverLine,
      font: { family: FONT, size: 12, color: palette.ink },
      align: "left",
      namelength: -1,
    },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: palette.soft, activecolor: palette.ink },
  };
  result.title =
    look.title === undefined
      ? undefined
      : { text: look.title, x: 0.02, yref: "container", y: 1, yanchor: "top", pad: { t: 14 } };
  if (look.title !== undefined)
    result.margin = { ...plain(layout.margin), t: Number(plain(layout.margin).t ?? 10) + 40 };
  if (look.scheme === "dark") result.coloraxis = darkCentre(layout.coloraxis);
  for (const [key, value] of Object.entries(layout)) {
    if (/^[xy]axis\d*$/.test(key)) result[key] = themedAxis(plain(value), palette, look.fontSize ?? 11);
  }
  if (Array.isArray(layout.shapes)) result.shapes = layout.shapes.map((shape) => recolored(shape, look.scheme));
  if (Array.isArray(layout.annotations)) {
    result.annotations = layout.annotations.map((note) => recolored(note, look.scheme));
  }
  return result;
}

function themedAxis(axis: Attributes, palette: Palette, size: number): Attributes {
  return {
    gridcolor: palette.grid,
    zerolinecolor: palette.line,
    linecolor: palette.line,
    tickcolor: palette.line,
    automargin: true,
    ...axis,
    title: axis.title === undefined ? undefined : { standoff: 6, font: { size }, ...titleOf(axis.title) },
  };
}

function titleOf(title: unknown): Attributes {
  return isPlain(title) ? { ...title } : { text: title };
}

/** plotly.js makes CSS classes of uids without escaping them. */
function selectable(uid: string | undefined): string | undefined {
  return uid?.replace(/[^\w-]/g, (character) => `_${character.charCodeAt(0).toString(16)}`);
}

/** Where colour means a value the legend would be black: a mark without points stands for the trace. */
function withLegendMarks(traces: readonly Trace[], color: string): Trace[] {
  return traces.flatMap((trace) => {
    const marker = plain(trace.marker);
    if (trace.showlegend !== true || marker.coloraxis === undefined) return [trace];
    const { coloraxis: _, ...shape } = marker;
    const mark: Trace = {
      uid: `${trace.uid}:legend`,
      type: "scatter",
      mode: "markers",
      x: [null],
      y: [null],
      name: trace.name,
      legendgroup: trace.legendgroup,
      marker: { ...shape, color },
      xaxis: trace.xaxis,
      yaxis: trace.yaxis,
      hoverinfo: "skip",
    };
    return [{ ...trace, showlegend: false }, mark];
  });
}

const DARK_DIVERGING = [
  [0, "#7cc4ff"],
  [0.25, "#2b78b5"],
  [0.5, "#343a46"],
  [0.75, "#c2552e"],
  [1, "#ffb08a"],
];

/** On a dark page nothing is dark: a scale that is white at zero gets a dark middle. */
function darkCentre(coloraxis: unknown): unknown {
  if (!isPlain(coloraxis) || coloraxis.cmid !== 0 || !Array.isArray(coloraxis.colorscale)) return coloraxis;
  const stops = coloraxis.colorscale as [number, string][];
  const middle = stops.find(([at]) => Math.abs(at - 0.5) < 0.01)?.[1] ?? "";
  return isWhitish(middle) ? { ...coloraxis, colorscale: DARK_DIVERGING } : coloraxis;
}

function isWhitish(color: string): boolean {
  const hex = /^#(..)(..)(..)$/
    .exec(color)
    ?.slice(1)
    .map((part) => Number.parseInt(part, 16));
  const channels = hex ?? color.match(/\d+/g)?.slice(0, 3).map(Number) ?? [];
  return channels.length === 3 && channels.every((channel) => channel > 220);
}

/** A shallow copy with black lines and markers made visible; nested parts that hold colours are copied too. */
function recolored(part: unknown, scheme: Scheme): unknown {
  if (!isPlain(part)) return part;
  const result: Attributes = { ...part };
  for (const [key, value] of Object.entries(part)) {
    if (/color$/.test(key) && typeof value === "string") result[key] = visible(value, scheme);
    else if (key === "text" && typeof value === "string") {
      result[key] = value.replace(/color:(#\w+)/g, (_, color: string) => `color:${visible(color, scheme)}`);
    } else if (["line", "marker", "font", "error_y", "error_x", "textfont", "colorbar"].includes(key)) {
      result[key] = recolored(value, scheme);
    }
  }
  return result;
}

function plain(value: unknown): Attributes {
  return isPlain(value) ? value : {};
}
