import { describe, expect, it } from "vitest";
import { extend, isBehind, type PanelData, patch } from "./figure";
import { numbersOf } from "./typedArrays";

const panel = (): PanelData => ({
  figure: {
    data: [
      { uid: "a", type: "scatter", x: Float64Array.of(1, 2), y: Float64Array.of(0.5, 0.4), line: { color: "red" } },
      { uid: "b", type: "scatter", x: [1], y: [9] },
    ],
    layout: { xaxis: { title: { text: "step" }, range: [0, 2] }, shapes: [{ x0: 1 }], uirevision: "one" },
  },
  cursors: { r1: 12, r2: 30 },
  meta: { steps: [1, 2], step: 2, note: null },
});

const grown = { cursors: { r1: 15, r2: 30 }, append: { a: { x: [3], y: [Number.NaN] } } };

describe("extend", () => {
  it("appends points to the trace of that uid only", () => {
    const next = extend(panel(), grown);
    expect(numbersOf(next?.figure.data[0]?.x)).toEqual([1, 2, 3]);
    expect(numbersOf(next?.figure.data[0]?.y)).toEqual([0.5, 0.4, Number.NaN]);
    expect(next?.figure.data[1]).toEqual(panel().figure.data[1]);
    expect(next?.cursors).toEqual({ r1: 15, r2: 30 });
  });

  it("leaves the old figure as it was, so that React sees a new one", () => {
    const before = panel();
    const next = extend(before, grown);
    expect(before).toEqual(panel());
    expect(next?.figure).not.toBe(before.figure);
    expect(next?.figure.data[1]).toBe(before.figure.data[1]);
  });

  it("replaces whole traces by uid and adds new ones at the end", () => {
    const next = extend(panel(), {
      cursors: { r1: 13 },
      traces: [
        { uid: "c", x: [5] },
        { uid: "b", type: "bar", x: [7] },
      ],
    });
    expect(next?.figure.data.map((trace) => [trace.uid, trace.type])).toEqual([
      ["a", "scatter"],
      ["b", "bar"],
      ["c", undefined],
    ]);
  });

  it("merges the layout deeply but replaces lists", () => {
    const next = extend(panel(), {
      cursors: {},
      layout: { xaxis: { range: [0, 3] }, shapes: [{ x0: 1 }, { x0: 2 }] },
      meta: { step: 3, steps: [1, 2, 3] },
    });
    expect(next?.figure.layout).toEqual({
      xaxis: { title: { text: "step" }, range: [0, 3] },
      shapes: [{ x0: 1 }, { x0: 2 }],
      uirevision: "one",
    });
    expect(next?.meta).toEqual({ steps: [1, 2, 3], step: 3, note: null });
  });

  it("appends nested columns too", () => {
    const start = panel();
    start.figure.data[0] = { uid: "a", x: [1], y: [1], marker: { size: 4, color: [0.1] } };
    const next = extend(start, { cursors: {}, append: { a: { x: [2], y: [2], marker: { color: [0.2] } } } });
    expect(next?.figure.data[0]?.marker).toEqual({ size: 4, color: [0.1, 0.2] });
  });

  it("gives nothing when the whole figure must be fetched again", () => {
    expect(extend(panel(), { cursors: { r1: 20 }, reset: true })).toBeNull();
  });

  it("never moves a cursor back", () => {
    expect(extend(panel(), { cursors: { r1: 3 } })?.cursors.r1).toBe(12);
  });
});

describe("isBehind", () => {
  const run = (topics: Record<string, number>, rewound = 0) => [{ id: "r1", topics, rewound_seq: rewound }];

  it("looks only at the topics that the panel draws", () => {
    expect(isBehind({ r1: 12 }, ["scalars"], run({ scalars: 12, logs: 40 }))).toBe(false);
    expect(isBehind({ r1: 12 }, ["scalars"], run({ scalars: 13 }))).toBe(true);
  });

  it("sees that the run was rewound", () => {
    expect(isBehind({ r1: 12 }, ["scalars"], run({ scalars: 3 }, 14))).toBe(true);
  });
});

it("patch replaces an encoded array as a whole", () => {
  const patched = patch({ z: { dtype: "f8", bdata: "AA" } }, { z: { dtype: "f4", bdata: "BB" } });
  expect(patched).toEqual({ z: { dtype: "f4", bdata: "BB" } });
});
