import { describe, expect, it } from "vitest";
import { changed, flag, integer, list, oneOf, panelParams, parseSearch, real, stringifySearch } from "./urlParams";

describe("search", () => {
  it("goes round unchanged, ids that look like numbers included", () => {
    const search = {
      runs: "12345678,1e234567",
      "module_allocation.step": "12",
      q: "a b & c=d",
      metric: "eval/reverse_kl",
    };
    const text = stringifySearch(search);
    expect(text).toContain("runs=12345678,1e234567");
    expect(text).toContain("metric=eval/reverse_kl");
    expect(parseSearch(text)).toEqual(search);
  });

  it("leaves out what is empty", () => {
    expect(stringifySearch({ a: undefined, b: "", c: null })).toBe("");
    expect(changed<Record<string, string | undefined>>({ a: "1", b: "2" }, { a: undefined, b: "", c: "3" })).toEqual({
      c: "3",
    });
  });

  it("gives a panel its own parameters", () => {
    const search = { "curves.x": "tokens", "curves.log": "true", "alignment.k": "5", tab: "logs" };
    expect(panelParams(search, "curves")).toEqual({ x: "tokens", log: "true" });
  });
});

it("reads single values, wrong ones as absent", () => {
  expect(list("a,b,,c")).toEqual(["a", "b", "c"]);
  expect(list(undefined)).toEqual([]);
  expect([integer("12"), integer("1.5"), integer("x"), integer(undefined)]).toEqual([12, null, null, null]);
  expect([real("0.8", 1), real("x", 1), real("", 1)]).toEqual([0.8, 1, 1]);
  expect(oneOf("json", ["yaml", "json"], "yaml")).toBe("json");
  expect(oneOf("xml", ["yaml", "json"], "yaml")).toBe("yaml");
  expect([flag("1"), flag("true"), flag("0"), flag(undefined, true)]).toEqual([true, true, false, true]);
});
