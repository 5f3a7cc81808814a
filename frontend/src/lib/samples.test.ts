import { expect, it } from "vitest";
import { largest, passes, sampleRows, stepAtOrBefore, tokenColor } from "./samples";

it("colours tokens by the larger part of the values, not by the wildest", () => {
  const kl = [...Array.from({ length: 99 }, () => 1), 50, null];
  expect(largest([{ token_kl: kl, token_advantage: [] }], "kl")).toBe(1);
  expect(tokenColor(null, "kl", 1, "light")).toBe("transparent");
  expect(tokenColor(0.5, "advantage", 1, "light")).toContain("0, 158, 115");
});

it("sets the same prompts side by side, whatever their order", () => {
  const sample = (prompt_id: string, response: string) => ({ prompt_id, prompt: prompt_id, answer: "", response });
  const rows = sampleRows([
    [sample("a", "1"), sample("b", "2")],
    [sample("b", "3"), sample("c", "4")],
  ]);
  expect(rows.map(({ prompt_id, cells }) => [prompt_id, ...cells.map((cell) => cell?.response)])).toEqual([
    ["a", "1", undefined],
    ["b", "2", "3"],
    ["c", undefined, "4"],
  ]);
});

it("finds the nearest earlier step", () => {
  expect([null, 9, 8, 1, 0].map((wanted) => stepAtOrBefore([1, 4, 8], wanted))).toEqual([8, 8, 8, 1, 1]);
  expect(stepAtOrBefore([], 3)).toBeNull();
});

it("does not call an unjudged response wrong", () => {
  expect(passes({ correct: null, truncated: false }, "wrong")).toBe(false);
  expect(passes({ correct: false, truncated: false }, "wrong")).toBe(true);
  expect(passes({ correct: true, truncated: true }, "cut")).toBe(true);
});
