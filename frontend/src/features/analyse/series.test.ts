import { expect, test } from "vitest";
import { canBeBase, describe as described, placesOf, withPlace } from "./series";

test("places are read one a line and added once", () => {
  expect(placesOf(" /a/b \n\n/c\n")).toEqual(["/a/b", "/c"]);
  expect(withPlace("", "/a")).toBe("/a");
  expect(withPlace("/a\n", "/b")).toBe("/a\n/b");
  expect(withPlace("/a\n/b", "/a")).toBe("/a\n/b");
});

test("a folder is told by what it holds", () => {
  expect(described({ format: "model", step: 500, checkpoints: 0 })).toBe("model of step 500");
  expect(described({ format: null, step: null, checkpoints: 3 })).toBe("3 checkpoints in it");
  expect(described({ format: "model", step: null, checkpoints: 1 })).toBe("model, 1 checkpoint in it");
  expect(described({ format: null, step: 4, checkpoints: 0 })).toBe("");
  expect(canBeBase({ format: "adapter" })).toBe(false);
  expect(canBeBase({ format: "shards" })).toBe(true);
});
