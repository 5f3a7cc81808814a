import { describe, expect, test } from "vitest";
import type { Figure } from "./figure";
import { asText, atRange, valuesAt } from "./linked";

const figure: Figure = {
  data: [
    { uid: "a", name: "Run A", mode: "lines", x: [0, 10, 20], y: [3, 2, 1], line: { color: "#0072B2" } },
    { uid: "a:low", name: "low", mode: "lines", x: [0, 10, 20], y: [0, 0, 0], hoverinfo: "skip" },
    { uid: "a:odd", name: "odd", mode: "markers", x: [5], y: [1], yaxis: "y2" },
  ],
  layout: { xaxis: { title: { text: "optimizer step t" } }, yaxis: { autorangeoptions: { clipmin: -0.02 } } },
};

describe("pictures over the same x", () => {
  test("a range is the figure's own, and y ends where the lines in view do", () => {
    const { xaxis, yaxis } = atRange(figure, { from: 9, to: 21 }, 0).layout as Record<string, never>;
    expect(xaxis).toMatchObject({ range: [9, 21], autorange: false });
    expect(yaxis).toMatchObject({ autorangeoptions: { clipmin: -0.02, clipmax: 2.08 } });
  });

  test("a name at the end of a line stands at its last point in view", () => {
    const label = { text: "Run A", x: 20, y: 1, xanchor: "left", showarrow: false };
    const labelled = { ...figure, layout: { ...figure.layout, annotations: [label] } };
    const { annotations } = atRange(labelled, { from: 0, to: 15 }, 0).layout;
    expect(annotations).toMatchObject([{ x: 10, y: 2 }]);
  });

  test("without a range a zoom of the reader's own is forgotten once all is asked for again", () => {
    const once = atRange(figure, null, 0).layout.yaxis as { uirevision: string };
    const again = atRange(figure, null, 1).layout.yaxis as { uirevision: string };
    expect(once.uirevision).not.toBe(again.uirevision);
  });

  test("values are those of the nearest points of the lines alone", () => {
    expect(valuesAt(figure, 12)).toEqual([{ name: "Run A", color: "#0072B2", x: 10, y: 2 }]);
    expect(asText("KL", valuesAt(figure, 12))).toBe("KL\tRun A\t10\t2");
  });
});
