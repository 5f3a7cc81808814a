import { expect, it } from "vitest";
import { pagesOf, placeAt, rowCount, type Section } from "./sections";

const section = (key: string, count: number, open: boolean, headed = true): Section => ({
  key,
  query: key,
  count,
  headed,
  open,
});

it("counts headings and the runs of open sections", () => {
  const sections = [section("a", 3, false), section("b", 2, true), section("c", 9, false)];
  expect(rowCount(sections)).toBe(5);
  expect(
    [0, 1, 2, 3, 4].map((row) => placeAt(sections, row)).map((place) => [place?.section.key, place?.index]),
  ).toEqual([
    ["a", -1],
    ["b", -1],
    ["b", 0],
    ["b", 1],
    ["c", -1],
  ]);
  expect(placeAt(sections, 5)).toBeNull();
});

it("names each page once", () => {
  const plain = [section("", 10_000, true, false)];
  expect(pagesOf(plain, [98, 99, 100, 101], 100)).toEqual([
    { query: "", page: 0 },
    { query: "", page: 1 },
  ]);
});
