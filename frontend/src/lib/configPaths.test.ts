import { describe, expect, it } from "vitest";
import { differences, putBack, same, valueAt, withValue } from "./configPaths";

const origin = { seed: 0, strategy: { kind: "effopd", candidates: 5 }, budget: { steps: 64, micro: null } };

it("reads and sets by path without touching the original", () => {
  expect(valueAt(origin, "budget.steps")).toBe(64);
  expect(valueAt(origin, "budget.steps.deeper")).toBeUndefined();
  expect(withValue(origin, "budget.steps", 8).budget).toEqual({ steps: 8, micro: null });
  expect(withValue(origin, "data.path", "x").data).toEqual({ path: "x" });
  expect(origin.budget.steps).toBe(64);
  expect(same({ a: 1, b: undefined }, { a: 1 })).toBe(true);
});

describe("differences", () => {
  it("are single values with both sides", () => {
    const changed = { ...origin, seed: 3, budget: { steps: 64, micro: 8 } };
    expect(differences(origin, changed)).toEqual([
      { path: "seed", before: 0, after: 3 },
      { path: "budget.micro", before: null, after: 8 },
    ]);
  });

  it("are one where another kind was chosen, and putting it back brings its settings back", () => {
    const changed = { ...origin, strategy: { kind: "none" } };
    const [difference, ...more] = differences(origin, changed);
    expect(more).toEqual([]);
    expect(difference).toEqual({ path: "strategy.kind", before: "effopd", after: "none" });
    expect(difference && putBack(changed, origin, difference)).toEqual(origin);
  });

  it("do not count settings of the old kind that a form left behind without a value", () => {
    const changed = { ...origin, strategy: { kind: "none", candidates: undefined } };
    expect(differences(origin, changed).map(({ path }) => path)).toEqual(["strategy.kind"]);
  });

  it("treat a kind with the same settings as a plain value", () => {
    const [a, b] = [{ objective: { kind: "full", chunk: 8 } }, { objective: { kind: "sampled", chunk: 4 } }];
    expect(differences(a, b).map(({ path }) => path)).toEqual(["objective.kind", "objective.chunk"]);
    const [kind] = differences(a, b);
    expect(kind && putBack(b, a, kind)).toEqual({ objective: { kind: "full", chunk: 4 } });
  });

  it("take a key away that was not there", () => {
    const changed = { ...origin, extra: 1 };
    const [difference] = differences(origin, changed);
    expect(difference && putBack(changed, origin, difference)).toEqual(origin);
  });
});
