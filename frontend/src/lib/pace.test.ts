import { expect, it, vi } from "vitest";
import { Pace } from "./pace";

it("paces calls: the first at once, the last never lost", () => {
  vi.useFakeTimers();
  const pace = new Pace(500);
  const calls: number[] = [];
  for (const n of [1, 2, 3]) pace.run("a", () => calls.push(n));
  expect(calls).toEqual([1]);
  vi.advanceTimersByTime(500);
  expect(calls).toEqual([1, 2]);
  pace.run("b", () => calls.push(9));
  expect(calls).toEqual([1, 2, 9]);
  vi.useRealTimers();
});
