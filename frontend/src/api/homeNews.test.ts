import { expect, it } from "vitest";
import { withoutRuns, withReports } from "./homeNews";
import type { Home, RunSummary } from "./types";

const run = (id: string, seq: number, changes: Partial<RunSummary> = {}) =>
  ({
    id,
    seq,
    topics: {},
    rewound_seq: 0,
    step: seq,
    latest: { kl: 1 / seq },
    state: "running",
    ...changes,
  }) as RunSummary;

const home = (): Home =>
  ({
    running: [
      { run: run("a", 1), sparkline: { key: "kl", title: "KL", short: "KL", unit: "nats", steps: [1], values: [1] } },
    ],
    waiting: [{ run: run("w", 1, { state: "queued" }) }],
    failed: [],
    ended: [{ run: run("e", 1, { state: "finished" }), resumes_from: null }],
  }) as unknown as Home;

it("a step extends the curve and asks for nothing", () => {
  const { home: next, outdated } = withReports(home(), [run("a", 2)]);
  expect(outdated).toBe(false);
  expect(next.running[0]?.run.seq).toBe(2);
  expect(next.running[0]?.sparkline).toMatchObject({ steps: [1, 2], values: [1, 0.5] });
});

it("a write that is no step, or a late one, adds no point", () => {
  expect(withReports(home(), [run("a", 3, { step: 1 })]).home.running[0]?.sparkline?.steps).toEqual([1]);
  expect(withReports(home(), [run("a", 0)]).home.running[0]?.run.seq).toBe(1);
});

it("a run that changes its place, an unknown one, a rewound one and an alert ask again", () => {
  expect(withReports(home(), [run("a", 2, { state: "finished" })]).outdated).toBe(true);
  expect(withReports(home(), [run("new", 1)]).outdated).toBe(true);
  expect(withReports(home(), [run("a", 2, { rewound_seq: 2 })]).outdated).toBe(true);
  expect(withReports(home(), [run("a", 2, { topics: { alerts: 2 } })]).outdated).toBe(true);
});

it("a deleted run leaves every section", () => {
  const rest = withoutRuns(home(), new Set(["a", "e"]));
  expect([rest.running.length, rest.waiting.length, rest.ended.length]).toEqual([0, 1, 0]);
});
