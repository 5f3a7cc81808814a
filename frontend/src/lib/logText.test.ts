import { expect, it } from "vitest";
import { marked, tone } from "./logText";

it("marks what was looked for, in any case, as often as it comes", () => {
  expect(marked("Step 1, step 2", "STEP")).toEqual([
    { text: "Step", hit: true },
    { text: " 1, ", hit: false },
    { text: "step", hit: true },
    { text: " 2", hit: false },
  ]);
  expect(marked("a.b", "")).toEqual([{ text: "a.b", hit: false }]);
  expect(marked("abc", "x")).toEqual([{ text: "abc", hit: false }]);
});

it("tells trouble by its words", () => {
  expect(["RuntimeError: x", "UserWarning: y", "step 3"].map(tone)).toEqual(["bad", "warn", undefined]);
});
