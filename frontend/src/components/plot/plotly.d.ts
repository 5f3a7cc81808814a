/** The part of plotly.js that this page calls. */
declare module "plotly.js-cartesian-dist-min" {
  export interface PlotPoint {
    x: unknown;
    y: unknown;
    z?: unknown;
    text?: unknown;
    customdata?: unknown;
    curveNumber: number;
    data: { uid?: string; name?: string; type?: string; y?: unknown; meta?: unknown };
  }
  export interface PlotElement extends HTMLElement {
    on(event: "plotly_click" | "plotly_hover", handler: (event: { points: PlotPoint[] }) => void): void;
    on(event: "plotly_doubleclick" | "plotly_unhover", handler: () => void): void;
    on(event: "plotly_relayout", handler: (changes: Record<string, unknown>) => void): void;
    removeAllListeners: (event: string) => void;
  }
  export interface ImageOptions {
    format: "png" | "svg";
    width: number;
    height: number;
    scale?: number;
    filename?: string;
  }
  interface Plotly {
    react: (element: HTMLElement, data: unknown[], layout: unknown, config: unknown) => Promise<PlotElement>;
    purge: (element: HTMLElement) => void;
    downloadImage: (
      figure: { data: unknown[]; layout: unknown; config?: unknown },
      options: ImageOptions,
    ) => Promise<string>;
    Icons: { home: object };
    Plots: { resize: (element: HTMLElement) => Promise<void> | undefined };
  }
  const plotly: Plotly;
  export default plotly;
}
