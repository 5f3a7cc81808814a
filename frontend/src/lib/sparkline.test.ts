import { describe, expect, it } from "vitest";
import { drawn, extended } from "./sparkline";

describe("a sparkline", () => {
  it("takes newer points only", () => {
    const line = { key: "kl", steps: [1, 2], values: [3, 2] };
    expect(extended(line, 2, 9)).toBe(line);
    expect(extended(line, 5, null)).toEqual({ key: "kl", steps: [1, 2, 5], values: [3, 2, null] });
  });

  it("stays small and keeps its spike, its gap and its end", () => {
    let line = { steps: [] as number[], values: [] as (number | null)[] };
    for (let step = 1; step <= 1000; step += 1) {
      line = extended(line, step, step === 500 ? 99 : step === 600 ? null : 1 + (step % 7) / 10);
    }
    expect(line.steps.length).toBeLessThanOrEqual(240);
    expect(line.values).toContain(99);
    expect(line.values).toContain(null);
    expect(line.steps.at(-1)).toBe(1000);
  });

  it("is drawn from corner to corner, with a gap where a value is missing", () => {
    expect(drawn({ steps: [1, 2, 3, 5], values: [4, null, 2, 0] }, 100, 20, undefined, 0)).toEqual({
      path: "M0 0M50 10L100 20",
      marks: [25],
      end: { x: 100, y: 20 },
      low: 0,
      high: 4,
    });
    expect(drawn({ steps: [7], values: [1] }, 100, 20)?.end).toEqual({ x: 100, y: 10 });
    expect(drawn({ steps: [1], values: [null] }, 100, 20)).toBeNull();
  });
});
