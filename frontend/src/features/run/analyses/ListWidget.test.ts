import { expect, test } from "vitest";
import { parsed, shown } from "./ListWidget";

test("a line of numbers is read however it is separated", () => {
  expect(parsed("0, 0.2 0.4;1e-1")).toEqual([0, 0.2, 0.4, 0.1]);
  expect(parsed("  ")).toEqual([]);
  expect(shown(parsed("1 2"))).toBe("1 2");
});

test("what is no number stays for the server to refuse", () => {
  expect(parsed("0.5 half")).toEqual([0.5, "half"]);
});
