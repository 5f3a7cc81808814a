import { describe, expect, it } from "vitest";
import type { Entry, Speedup, SpeedupRow } from "~/api/types";
import { rateNotes, unequalNotes } from "./speedupWords";

const ENTRIES = [
  { key: "a", name: "first" },
  { key: "b", name: "second" },
] as Entry[];

function row(key: string, changes: Partial<SpeedupRow> = {}): SpeedupRow {
  const nothing = { steps: null, tokens: null, seconds: null, gpu_seconds: null };
  return {
    key,
    members: 1,
    evaluated: 1,
    reached: 1,
    touched: 0,
    spacing: 4,
    differs: [],
    untold: [],
    method: "opd",
    method_name: "OPD",
    learning_rates: [1e-5],
    same_rate: true,
    costs: { ...nothing, search_tokens: null, search_seconds: null },
    ratios: nothing,
    against_best: null,
    ...changes,
  };
}

function meter(second: Partial<SpeedupRow>): Speedup {
  return {
    metric: "eval/reverse_kl",
    reference: "a",
    target: 0.5,
    smoothing: "running median of 3",
    slack: 0.1,
    fell_back: false,
    best: null,
    rows: [row("a"), row("b", second)],
  };
}

describe("what keeps rows from being like with like", () => {
  it("says of a run in the queue that it has not been evaluated, and nothing else", () => {
    const data = meter({ evaluated: 0, reached: 0, differs: ["not_evaluated"], same_rate: false });
    expect(unequalNotes(data, ENTRIES)).toEqual([
      "second has not been evaluated often enough yet, so nothing is compared.",
    ]);
    expect(rateNotes(data, ENTRIES).join(" ")).not.toContain("second");
  });

  it("counts the runs of a group that nobody has looked at", () => {
    expect(unequalNotes(meter({ members: 3, evaluated: 1, differs: ["going"] }), ENTRIES)).toEqual([
      "second has not ended: its numbers may change.",
      "second: 2 of 3 runs have too few evaluations and count as infinitely dear.",
    ]);
  });

  it("calls what is not told unknown, not different", () => {
    const data = meter({ untold: ["batch", "held_out", "temperature"], same_rate: null, learning_rates: [] });
    expect(unequalNotes(data, ENTRIES)).toEqual([
      "second: whether batch size, held-out size and temperature are those of first is not known.",
    ]);
    expect(rateNotes(data, ENTRIES)[0]).toBe(
      "Not known whether at the learning rate of first (1e-5): second (unknown rate).",
    );
    expect(unequalNotes(meter({ untold: ["batch"] }), ENTRIES)).toEqual([
      "second: whether batch size is that of first is not known.",
    ]);
  });
});
