import { expect, test } from "vitest";
import type { CommandOut } from "~/api/types";
import { inOneLine, placeOf, together } from "./outcome";

const done = (command: CommandOut["command"], changes: Partial<CommandOut> = {}): CommandOut => ({
  id: 7,
  command,
  arguments: {},
  actor: "web",
  created_at: 1,
  asked_step: 4,
  done_at: 2,
  obeyed_step: 5,
  ok: true,
  result: "done",
  ...changes,
});

test("a finished command is told in one line", () => {
  expect(inOneLine(done("checkpoint"))).toBe("Checkpoint now: done at step 5");
  const refused = done("veto", { arguments: { step: 3 }, ok: false, result: "it was taken back", obeyed_step: null });
  expect(inOneLine(refused)).toBe("Veto last jump of step 3: refused, it was taken back");
});

test("it leads to its dot where it has one, else to its row", () => {
  expect(placeOf(done("extrapolate"))).toEqual({ trigger: "5" });
  expect(placeOf(done("veto", { arguments: { step: 3 } }))).toEqual({ tab: "decisions", decision: "3" });
  const row = { tab: "steering", audit: "command", command: "7" };
  expect(placeOf(done("pause"))).toEqual(row);
  expect(placeOf(done("extrapolate", { ok: false }))).toEqual(row);
});

test("commands near each other are one mark; those on their way have none", () => {
  const at = (id: number, obeyed_step: number | null) => done("checkpoint", { id, obeyed_step });
  const marks = together([at(1, 10), at(2, 11), at(3, 50), at(4, null), { ...at(5, 60), done_at: null }], 100);
  expect(marks.map(({ share, commands }) => [share, commands.map(({ id }) => id)])).toEqual([
    [0.1, [1, 2]],
    [0.5, [3]],
  ]);
});
