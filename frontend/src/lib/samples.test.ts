import { expect, it } from "vitest";
import { largest, tokenColor } from "./samples";

it("colours tokens by the larger part of the values, not by the wildest", () => {
  const kl = [...Array.from({ length: 99 }, () => 1), 50, null];
  expect(largest([{ token_kl: kl, token_advantage: [] }], "kl")).toBe(1);
  expect(tokenColor(null, "kl", 1, "light")).toBe("transparent");
  expect(tokenColor(0.5, "advantage", 1, "light")).toContain("0, 158, 115");
});
