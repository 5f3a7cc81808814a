type Plotly = typeof import("plotly.js-cartesian-dist-min")["default"];

let loading: Promise<Plotly> | undefined;

/** plotly.js comes with the first picture, not with the page. */
export function loadPlotly(): Promise<Plotly> {
  loading ??= import("plotly.js-cartesian-dist-min").then((module) => module.default);
  return loading;
}
