import { expect, it } from "vitest";
import { pinned } from "./pinned";

it("marks the pinned module's cell", () => {
  const heat = { type: "heatmap", x: [0, 1], y: [0], customdata: [[["m.q"], ["m.k"]]] };
  const marked = pinned({ data: [heat], layout: {} }, "m.k");
  expect(marked.layout.shapes).toMatchObject([{ x0: 0.5, x1: 1.5, y0: -0.5, y1: 0.5 }]);
  expect(pinned({ data: [heat], layout: {} }, "m.v").layout.shapes).toBeUndefined();
});
