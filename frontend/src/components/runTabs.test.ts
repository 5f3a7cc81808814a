import { expect, test } from "vitest";
import type { RunDetail } from "~/api/types";
import { tabGroups } from "./runTabs";

const shown = (kind: RunDetail["kind"], is_job: boolean) =>
  tabGroups({ kind, is_job }).map(({ label, tabs }) => [label, ...tabs.map(({ name }) => name)].join(" "));

test("a run that is trained has six groups, and every tab once", () => {
  expect(shown("trained", false)).toEqual([
    "Overview overview",
    "Curves curves board health",
    "Weights spectrum analyses",
    "Decisions decisions",
    "Samples samples read playground",
    "Run logs steering lineage config checkpoints",
  ]);
});

test("other kinds have no empty group; one of a single tab is called as the tab, a single group is its tabs", () => {
  expect(shown("import", true)).toEqual([
    "Overview overview",
    "Curves curves board",
    "Weights spectrum analyses",
    "Run logs steering lineage config",
  ]);
  expect(shown("analysis", true)).toEqual(["Picture analyses", "Run logs steering lineage config"]);
  expect(shown("check", true)).toEqual(["What they read read", "Run logs steering config"]);
  expect(shown("playground", true)).toEqual([
    "Logs logs",
    "Steering steering",
    "Lineage lineage",
    "Configuration config",
  ]);
});
