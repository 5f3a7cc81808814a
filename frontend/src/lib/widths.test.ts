import { expect, test } from "vitest";
import { allowedWidth, readWidths, writtenWidths } from "./widths";

test("widths go into the address and come back", () => {
  const widths = new Map([
    ["name", 240],
    ["eval/reverse_kl", 96],
  ]);
  expect(writtenWidths(widths)).toBe("name:240,eval/reverse_kl:96");
  expect(readWidths(writtenWidths(widths))).toEqual(widths);
});

test("what makes no sense in an address is left out, and nothing is too narrow to be drawn wider again", () => {
  expect(readWidths("name,:3,state:,step:wide,tag:1e9,group:-5")).toEqual(
    new Map([
      ["tag", 800],
      ["group", 48],
    ]),
  );
  expect(readWidths(undefined).size).toBe(0);
  expect(allowedWidth(70.4)).toBe(70);
});
