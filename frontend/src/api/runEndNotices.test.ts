// @vitest-environment jsdom
import { expect, it, vi } from "vitest";
import { noticesWanted, runEndNotices } from "./runEndNotices";
import type { RunSummary } from "./types";

const run = (state: string) =>
  ({ id: "0a1b2c3d", name: "r", kind: "trained", state, step: 2, total_steps: 2, latest: {} }) as unknown as RunSummary;

it("a browser that shows none does not lose the news of runs", () => {
  const shown = vi.fn(function refuse() {
    throw new TypeError("Illegal constructor");
  });
  vi.stubGlobal("Notification", Object.assign(shown, { permission: "granted" }));
  vi.stubGlobal("isSecureContext", true);
  vi.spyOn(document, "hidden", "get").mockReturnValue(true);
  noticesWanted.set(true);
  const tell = runEndNotices(() => {});
  tell([run("running")]);
  expect(() => tell([run("finished")])).not.toThrow();
  expect(shown).toHaveBeenCalledOnce();
});
