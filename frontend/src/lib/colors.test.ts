import { describe, expect, test } from "vitest";
import { runColor, runShape } from "./colors";

describe("a run's mark", () => {
  test("runs of one colour have another shape each", () => {
    expect(runColor(1, "light")).toBe(runColor(9, "light"));
    expect([runShape(1).name, runShape(9).name]).toEqual(["square", "triangle-up"]);
  });

  test("green and pink differ in shape", () => {
    expect([runShape(2).name, runShape(3).name]).toEqual(["triangle-up", "diamond"]);
  });
});
