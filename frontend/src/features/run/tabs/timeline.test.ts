import { expect, test } from "vitest";
import type { RunHistory } from "~/api/types";
import { timeline } from "./timeline";

test("what happened to a run is one list, the latest first", () => {
  const history: RunHistory = {
    changes: [
      { at: 1, from_state: null, to_state: "queued", reason: "created" },
      { at: 2, from_state: "queued", to_state: "starting", reason: "" },
    ],
    attempts: [{ number: 1, worker_id: "w", started_at: 2.5, ended_at: 9, resumed_from: null, outcome: "finished" }],
    provenance: [],
    commands: [
      {
        id: 7,
        command: "pause",
        arguments: {},
        actor: "web",
        created_at: 5,
        asked_step: 3,
        done_at: 6,
        obeyed_step: 4,
        ok: true,
        result: "paused",
      },
    ],
  };
  expect(timeline(history).map(({ key, at }) => [key, at])).toEqual([
    ["e1", 9],
    ["c7", 5],
    ["a1", 2.5],
    ["s1", 2],
    ["s0", 1],
  ]);
});
