import { describe, expect, it } from "vitest";
import { logAxis } from "./logAxis";

describe("an axis of ratios", () => {
  it("has 1 in its middle and reaches as far as the farthest ratio, in powers of two", () => {
    const axis = logAxis([3, 0.5, null]);
    expect([axis?.low, axis?.high]).toEqual(["1/4×", "4×"]);
    expect([0.25, 0.5, 1, 2, 4].map((ratio) => axis?.place(ratio))).toEqual([0, 25, 50, 75, 100]);
  });

  it("keeps within its ends what has no bound, is 0, or is farther than it goes", () => {
    const axis = logAxis([1000, 0]);
    expect([axis?.low, axis?.high]).toEqual(["1/64×", "64×"]);
    expect([null, 0, 1000].map((ratio) => axis?.place(ratio ?? null))).toEqual([100, 0, 100]);
  });

  it("is none without ratios, and not narrower than from a half to twice", () => {
    expect(logAxis([null])).toBeNull();
    expect(logAxis([1])?.high).toBe("2×");
  });
});
