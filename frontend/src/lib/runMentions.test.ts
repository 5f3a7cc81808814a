import { expect, test } from "vitest";
import { mentions, runOf } from "./runMentions";

test("runs are told from the text around them", () => {
  expect(mentions("as /runs/0a1b2c3d, but not /runs/0a1b2c3d4 or x/runs/0a1b2c3d.")).toEqual([
    "as ",
    { run: "0a1b2c3d" },
    ", but not /runs/0a1b2c3d4 or x/runs/0a1b2c3d.",
  ]);
  expect(mentions("/runs/00000001/runs/00000002")).toEqual([{ run: "00000001" }, "/runs/00000002"]);
  expect(mentions("")).toEqual([]);
});

test("an address of this installation is its run's", () => {
  const here = "http://localhost:8000";
  expect(runOf("/runs/0a1b2c3d", here)).toBe("0a1b2c3d");
  expect(runOf(`${here}/runs/0a1b2c3d?tab=logs`, here)).toBe("0a1b2c3d");
  expect(runOf("http://elsewhere/runs/0a1b2c3d", here)).toBeUndefined();
  expect(runOf("/runs", here)).toBeUndefined();
});
