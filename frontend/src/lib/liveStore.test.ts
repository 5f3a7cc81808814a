import { describe, expect, it } from "vitest";
import { type Connection, mergeRows, movedTopics, newer, nextConnection } from "./liveStore";

const run = (id: string, seq: number, topics: Record<string, number> = {}, rewound_seq = 0) => ({
  id,
  seq,
  topics,
  rewound_seq,
  step: seq,
});

describe("reports of a run", () => {
  it("a late or repeated one changes nothing", () => {
    const known = run("a", 7);
    expect(newer(known, run("a", 6))).toBe(known);
    expect(movedTopics(run("a", 7, { logs: 7 }), run("a", 6, { logs: 6 }))).toEqual(new Set());
    expect(movedTopics(run("a", 7, { logs: 7 }), run("a", 7, { logs: 7 }))).toEqual(new Set());
  });

  it("names only the topics that moved", () => {
    const moved = movedTopics(run("a", 7, { scalars: 7, logs: 3 }), run("a", 9, { scalars: 9, logs: 3, samples: 8 }));
    expect(moved).toEqual(new Set(["scalars", "samples"]));
  });

  it("after a gap everything that moved meanwhile is named", () => {
    const moved = movedTopics(run("a", 7, { scalars: 7 }), run("a", 60, { scalars: 58, decisions: 40, state: 60 }));
    expect(moved).toEqual(new Set(["scalars", "decisions", "state"]));
  });

  it("a rewound run is new in all its topics", () => {
    const moved = movedTopics(run("a", 9, { scalars: 9, logs: 3 }), run("a", 10, { scalars: 9, logs: 3 }, 10));
    expect(moved).toEqual(new Set(["scalars", "logs"]));
  });
});

describe("mergeRows", () => {
  it("replaces rows in place and keeps their order", () => {
    const rows = mergeRows([run("a", 1), run("b", 1)], [run("b", 5), run("new", 1)]);
    expect(rows.map(({ id, seq }) => [id, seq])).toEqual([
      ["a", 1],
      ["b", 5],
    ]);
  });

  it("takes the newest of several reports of one run, and the row's own when that is newer", () => {
    const rows = mergeRows([run("a", 3), run("b", 9)], [run("a", 5), run("a", 4), run("b", 2)]);
    expect(rows.map(({ seq }) => seq)).toEqual([5, 9]);
  });
});

describe("connection", () => {
  const start: Connection = { state: "connecting", since: 0, everLive: false };

  it("goes live, is lost, catches up, and is live again", () => {
    const live = nextConnection(start, "heard", 1);
    expect(live).toEqual({ state: "live", since: 1, everLive: true });
    const lost = nextConnection(live, "failed", 5);
    expect(lost).toMatchObject({ state: "lost", since: 5 });
    const opened = nextConnection(lost, "opened", 9);
    expect(opened).toMatchObject({ state: "catching up", since: 9 });
    expect(nextConnection(opened, "heard", 10)).toMatchObject({ state: "live", since: 10 });
  });

  it("remembers since when it is lost, however often it fails", () => {
    const lost = nextConnection(start, "failed", 5);
    expect(nextConnection(lost, "failed", 8)).toBe(lost);
  });

  it("is connecting, not catching up, before it was ever live", () => {
    expect(nextConnection(start, "opened", 2)).toBe(start);
  });
});
