import { expect, it } from "vitest";
import { moduleAt, opensAt, pinned } from "./pinned";

const grid = {
  type: "heatmap",
  x: [0, 1],
  y: [0],
  z: [[1, 2]],
  customdata: [
    [
      ["a", "L0 q"],
      ["b", "L0 k"],
    ],
  ],
};
const history = { type: "heatmap", xaxis: "x2", yaxis: "y2", y: ["L0 q", "L1 q"], meta: { modules: ["a", "b"] } };

it("frames the pinned module's cell, and its row over time", () => {
  const figure = { data: [grid, history], layout: { shapes: [{ type: "line" }] } };
  const shapes = pinned(figure, "b").layout.shapes as Record<string, unknown>[];
  expect(shapes).toHaveLength(3);
  expect(shapes[1]).toMatchObject({ xref: "x", x0: 0.5, x1: 1.5, y0: -0.5, y1: 0.5 });
  expect(shapes[2]).toMatchObject({ xref: "x2 domain", yref: "y2", x0: 0, x1: 1, y0: 0.5, y1: 1.5 });
  expect(pinned(figure, "c")).toBe(figure);
});

it("knows which module was clicked", () => {
  expect(moduleAt({ y: 0, customdata: ["b", "L0 k"], data: grid })).toBe("b");
  expect(moduleAt({ y: "L1 q", data: history })).toBe("b");
  expect(moduleAt({ y: 3, customdata: "q", data: { type: "bar" } })).toBeNull();
  expect(moduleAt({ y: 0, customdata: ["", ""], data: grid })).toBeNull();
});

it("makes the names of experts from layer and number, and opens a kind of them", () => {
  const rule = "layers.{layer}.experts.{expert}.up.weight";
  const text = { dtype: "i2", bdata: btoa("\x03\x00\xff\xff"), shape: "1, 2" };
  const experts = { type: "heatmap", x: [0, 1], y: [4], text, meta: { module: rule } };
  const name = "layers.4.experts.3.up.weight";
  expect(moduleAt({ x: 0, y: 4, text: 3, data: experts })).toBe(name);
  expect(moduleAt({ x: 1, y: 4, text: -1, data: experts })).toBeNull();
  const [frame] = pinned({ data: [experts], layout: {} }, name).layout.shapes as Record<string, unknown>[];
  expect(frame).toMatchObject({ x0: -0.5, x1: 0.5, y0: 3.5, y1: 4.5 });
  const kinds = { type: "heatmap", x: [5, 6], meta: { opens: { parameter: "experts_of", values: ["gate", "up"] } } };
  expect(opensAt({ x: 6, y: 0, data: kinds })).toEqual({ parameter: "experts_of", value: "up" });
  expect(opensAt({ x: 0, y: 4, data: experts })).toBeNull();
  const columns = [rule.replace("up", "gate"), rule];
  const [of] = pinned({ data: [{ ...kinds, meta: { columns } }], layout: {} }, name).layout.shapes as unknown[];
  expect(of).toMatchObject({ x0: 5.5, x1: 6.5, y0: 3.5, y1: 4.5 });
});
