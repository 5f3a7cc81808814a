import { expect, it } from "vitest";
import { remembered, restored } from "./plotMemory";

const drawn = (revision: string, range = [0, 1]) =>
  Object.assign({} as HTMLElement, {
    _fullLayout: { uirevision: "same", yaxis: { range, uirevision: revision } },
    _fullData: [],
  });
const figure = (revision: string) => ({ data: [], layout: { uirevision: "same", yaxis: { uirevision: revision } } });

it("gives a zoom back to a plot that comes back", () => {
  const memory = remembered(drawn("all 0", [2, 3]), new Map([["yaxis", "all 0"]]));
  expect(restored(figure("all 0"), memory).layout.yaxis).toMatchObject({ range: [2, 3] });
});

it("forgets a zoom once all was asked for again, before the plot was taken away or after", () => {
  expect(remembered(drawn("all 1"), new Map([["yaxis", "all 0"]]))?.ranges).toEqual({});
  const memory = remembered(drawn("all 0"), new Map([["yaxis", "all 0"]]));
  expect(restored(figure("all 1"), memory).layout.yaxis).toEqual({ uirevision: "all 1" });
});

it("forgets what was remembered of a plot that is whole again", () => {
  expect(remembered(drawn("all 0"), new Map())).toEqual({ revision: "same", ranges: {}, hidden: new Set() });
  expect(remembered({} as HTMLElement, new Map())).toBeNull();
});
