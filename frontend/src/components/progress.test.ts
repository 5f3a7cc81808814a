import { describe, expect, it } from "vitest";
import type { RunSummary } from "~/api/types";
import { clocks, secondsLeft, timeLeft, transferWords } from "./progress";

const run = (changes: Partial<RunSummary>) =>
  ({
    state: "running",
    step: 10,
    latest: { seconds: 100 },
    seconds_left: 60,
    heartbeat_at: 1000,
    progressed_at: 1000,
    started_at: 900,
    ended_at: null,
    ...changes,
  }) as RunSummary;

describe("time left", () => {
  it("ticks down between two steps and never below nothing", () => {
    expect(secondsLeft(run({}), 1010)).toBe(50);
    expect(timeLeft(run({}), 1010)).toBe("about 50 s left");
    expect(timeLeft(run({}), 2000)).toBe("about to end");
  });

  it("stands still in a pause", () => {
    expect(secondsLeft(run({ state: "paused" }), 2000)).toBe(60);
  });

  it("is what it took when the run has ended", () => {
    expect(timeLeft(run({ state: "finished", ended_at: 1020 }), 2000)).toBe("took 2 min 00 s");
  });
});

describe("what is on its way", () => {
  const moving = {
    doing: "downloading",
    what: "acme/tiny@main",
    files: 3,
    total: 4 * 1024 ** 3,
    done: 1024 ** 3,
  } as const;

  it("tells bytes, speed and the time left", () => {
    expect(transferWords({ ...moving, speed: 64 * 1024 ** 2 })).toBe(
      "Downloading acme/tiny@main: 1 GiB of 4 GiB, 64 MiB/s, about 48 s left",
    );
  });

  it("leaves out what nobody knows", () => {
    expect(transferWords({ ...moving, speed: null })).toBe("Downloading acme/tiny@main: 1 GiB of 4 GiB");
    expect(transferWords({ ...moving, doing: "pushing", what: "me/mine", done: null, speed: null })).toBe(
      "Pushing me/mine: 3 files, 4 GiB",
    );
  });
});

describe("two clocks", () => {
  it("take the newer sign of life", () => {
    expect(clocks(run({}), 1020, 1024).alive).toEqual({ at: 1020, late: false });
    expect(clocks(run({}), undefined, 1024).alive).toEqual({ at: 1000, late: true });
  });

  it("let a slow trainer be slow, and a paused one stand still", () => {
    expect(clocks(run({}), 1090, 1090).progress.late).toBe(false);
    expect(clocks(run({}), 1150, 1150).progress.late).toBe(true);
    expect(clocks(run({ state: "paused" }), 1150, 1150).progress.late).toBe(false);
    const measuring = run({ is_job: true, step: 1000 });
    expect(clocks(measuring, 1190, 1190).progress.late).toBe(false);
    expect(clocks(measuring, 1210, 1210).progress.late).toBe(true);
    expect(clocks(run({ progressed_at: null }), 1150, 1150).progress).toEqual({ at: null, late: false });
  });
});
