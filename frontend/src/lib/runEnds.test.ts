import { expect, test } from "vitest";
import { runEnds } from "./runEnds";

const run = (id: string, state: Parameters<ReturnType<typeof runEnds>>[0][number]["state"], kind = "trained") => ({
  id,
  state,
  kind,
});

test("a run is told once when it finishes or fails, and again when it was resumed", () => {
  const ended = runEnds();
  expect(ended([run("a", "running"), run("b", "queued")])).toEqual([]);
  expect(ended([run("a", "finished"), run("b", "failed")]).map(({ id }) => id)).toEqual(["a", "b"]);
  expect(ended([run("a", "finished"), run("b", "failed")])).toEqual([]);
  ended([run("b", "starting")]);
  expect(ended([run("b", "finished")]).map(({ state }) => state)).toEqual(["finished"]);
});

test("nothing is told of runs that had ended before, were stopped by somebody, or are watched on a page", () => {
  const ended = runEnds();
  ended([run("b", "running"), run("c", "running", "check")]);
  expect(ended([run("a", "finished"), run("b", "stopped"), run("c", "finished", "check")])).toEqual([]);
});
