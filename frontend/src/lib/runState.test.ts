import { expect, it } from "vitest";
import { obstacle } from "./runState";

it("explains why a command is not possible", () => {
  expect(obstacle("pause", "running")).toBeNull();
  expect(obstacle("pause", "finished")).toBe("The run has finished");
  expect(obstacle("resume", "failed")).toBeNull();
  expect(obstacle("veto", "stopped")).toContain("running or paused");
});
