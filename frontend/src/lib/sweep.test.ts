import { expect, it } from "vitest";
import { logGrid, seedsIn, seedsText, valuesIn, valuesText } from "./sweep";

it("reads and writes seeds as ranges", () => {
  expect(seedsIn("0-2, 7")).toEqual([0, 1, 2, 7]);
  expect(seedsIn("")).toEqual([]);
  expect([seedsIn("a"), seedsIn("4-0"), seedsIn("0-99999")]).toEqual([null, null, null]);
  expect(seedsText([0, 1, 2, 7, 9, 10])).toBe("0-2,7,9,10");
});

it("reads and writes values as the field takes them", () => {
  expect(valuesIn("1e-5, 3e-5,", { type: "number", nullable: false })).toEqual([1e-5, 3e-5]);
  expect(valuesIn("none, 0.1", { type: "number", nullable: true })).toEqual([null, 0.1]);
  expect(valuesIn("none, effopd", { type: "choice", nullable: false })).toEqual(["none", "effopd"]);
  expect(valuesIn("many", { type: "number", nullable: false })).toEqual(["many"]);
  expect(valuesText([1e-5, null, "a"])).toBe("1e-5, none, a");
});

it("makes a logarithmic grid with both ends", () => {
  expect(logGrid(1e-6, 1e-4, 3)).toEqual([1e-6, 1e-5, 1e-4]);
  expect(logGrid(1e-5, 1e-4, 3)).toEqual([1e-5, 3.2e-5, 1e-4]);
  expect(logGrid(1e-5, 1e-4, 1)).toEqual([1e-5]);
  expect(logGrid(0, 1, 3)).toEqual([]);
});
