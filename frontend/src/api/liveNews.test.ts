import { describe, expect, it } from "vitest";
import { addedUp, type LiveNews, Outbox } from "./liveNews";
import type { RunSummary } from "./types";

const run = (id: string, seq: number) => ({ id, seq, topics: {}, rewound_seq: 0 }) as unknown as RunSummary;
const live = { state: "live", since: 1, everLive: true } as const;

describe("news add up", () => {
  it("to the newest report of each run", () => {
    const sum = addedUp({ runs: [run("a", 5), run("b", 1)] }, { runs: [run("a", 4), run("b", 2)], connection: live });
    expect(sum.runs?.map(({ id, seq }) => [id, seq])).toEqual([
      ["a", 5],
      ["b", 2],
    ]);
    expect(sum.connection).toBe(live);
  });

  it("without reports of a run that is gone", () => {
    expect(addedUp({ runs: [run("a", 1)], deleted: ["b"] }, { deleted: ["a", "b"] })).toEqual({
      runs: [],
      deleted: ["b", "a"],
    });
  });
});

it("an outbox posts the next news only when the last were taken", () => {
  const posted: LiveNews[] = [];
  const outbox = new Outbox((news) => posted.push(news));
  outbox.tell({ runs: [run("a", 1)] });
  outbox.tell({ runs: [run("a", 2)] });
  outbox.tell({ runs: [run("a", 3)] });
  expect(posted).toHaveLength(1);
  outbox.taken();
  expect(posted[1]?.runs?.map(({ seq }) => seq)).toEqual([3]);
  outbox.taken();
  expect(posted).toHaveLength(2);
});
