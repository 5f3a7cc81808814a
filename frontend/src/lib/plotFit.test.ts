import { expect, it } from "vitest";
import { fitted } from "./plotFit";
import { themed } from "./plotTheme";

const label = { text: "a", x: 128, y: 2, xanchor: "left", showarrow: false };

it("does not let the labels at the ends of lines widen the axis", () => {
  const figure = {
    data: [{ x: [0, 128], y: [1, 2] }],
    layout: { annotations: [label], xaxis: { title: { text: "t" } } },
  };
  const xaxis = fitted(figure).layout.xaxis as { autorangeoptions: { maxallowed: number } };
  expect(xaxis.autorangeoptions.maxallowed).toBeCloseTo(130.56);
  expect(figure.layout.xaxis).toEqual({ title: { text: "t" } });
  const long = { ...label, text: '<span style="color:#000">●</span> a rather long name' };
  const margin = fitted({ ...figure, layout: { annotations: [label, long], margin: { r: 12, b: 40 } } }).layout.margin;
  expect(margin).toMatchObject({ b: 40 });
  expect((margin as { r: number }).r).toBeGreaterThan(120);
});

it("leaves a range that is told as it is, and makes room for the labels of a single point, on any scale", () => {
  const named = { ...label, text: "● attention", x: 16, y: 2 };
  const told = { data: [{ x: [16], y: [2] }], layout: { annotations: [named], xaxis: { range: [0, 16.3] } } };
  const fittedLinear = fitted(told).layout;
  expect(fittedLinear.xaxis).toEqual({ range: [0, 16.3] });
  expect((fittedLinear.margin as { r: number }).r).toBeGreaterThan(60);
  const log = { annotations: [{ ...named, x: Math.log10(16) }], xaxis: { type: "log", range: [0, 1.22] } };
  expect((fitted({ ...told, layout: log }).layout.margin as { r: number }).r).toBeGreaterThan(60);
});

it("themes a copy: the figure keeps its own colours and revision", () => {
  const figure = {
    data: [{ uid: "a", line: { color: "#000000" } }],
    layout: {
      uirevision: "kept by the panel",
      xaxis: {},
      annotations: [{ text: '<span style="color:#000000">●</span>' }],
    },
  };
  const dark = themed(figure, { scheme: "dark" });
  expect(dark.layout.uirevision).toBe("kept by the panel");
  expect(dark.data[0]?.line).toEqual({ color: "#E6E6E6" });
  expect(JSON.stringify(dark.layout.annotations)).toContain("#E6E6E6");
  expect(figure.data[0]?.line.color).toBe("#000000");
});

it("gives plotly.js uids that can be CSS classes", () => {
  const { data } = themed({ data: [{ uid: "ab12:eval/reverse_kl" }], layout: {} }, { scheme: "light" });
  expect(data[0]?.uid).toBe("ab12_3aeval_2freverse_kl");
});

it("moves labels apart that would be written over each other, and only those", () => {
  const ends = [2, 1.99, 0.1].map((y) => ({ ...label, y }));
  const figure = { data: [{ x: [0, 128], y: [0, 2] }], layout: { annotations: ends, yaxis: {} } };
  const shifts = (fitted(figure, 200).layout.annotations as { yshift: number }[]).map(({ yshift }) => yshift);
  expect((shifts[0] ?? 0) - (shifts[1] ?? 0)).toBeGreaterThanOrEqual(12);
  expect(Math.abs(shifts[2] ?? 99)).toBeLessThanOrEqual(7);
});

it("gives a constant an axis of its own size", () => {
  const { layout } = fitted({ data: [{ x: [1, 2], y: [1e-5, 1e-5] }], layout: { yaxis: {} } });
  const { include } = (layout.yaxis as { autorangeoptions: { include: number[] } }).autorangeoptions;
  expect(include[0]).toBeCloseTo(0.9e-5, 10);
  expect(include[1]).toBeCloseTo(1.1e-5, 10);
});

it("darkens the middle of a scale that is white at zero, and no other", () => {
  const axis = (middle: string) => ({
    cmid: 0,
    colorscale: [
      [0, "#000"],
      [0.5, middle],
      [1, "#f00"],
    ],
  });
  const colorscale = (middle: string) =>
    themed({ data: [], layout: { coloraxis: axis(middle) } }, { scheme: "dark" }).layout.coloraxis;
  expect(colorscale("rgb(247,247,247)")).not.toEqual(axis("rgb(247,247,247)"));
  expect(colorscale("#808080")).toEqual(axis("#808080"));
});

it("leaves no gaps between rows that are thinner than five pixels", () => {
  const rows = (count: number) => ({ type: "heatmap", y: Array.from({ length: count }, (_, row) => row), ygap: 1 });
  const layout = { margin: { t: 10, b: 40 }, yaxis: { domain: [0, 0.8] } };
  const gaps = (height: number) => fitted({ data: [rows(30), rows(40)], layout }, height).data.map(({ ygap }) => ygap);
  expect(gaps(250)).toEqual([1, 0]); // 160 px
  expect(gaps(400)).toEqual([1, 1]);
});

it("makes room for colour bars of two lines", () => {
  const bar = (text: string) => ({ colorbar: { orientation: "h", title: { text } } });
  const { layout } = fitted({ data: [], layout: { coloraxis: bar("a"), coloraxis2: bar("b<br>c"), xaxis: {} } });
  expect(layout.margin).toEqual({ b: 80 });
  expect(layout.coloraxis2).toMatchObject({ colorbar: { yref: "container", y: 0 } });
});
