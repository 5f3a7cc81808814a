import type { RunDetail } from "~/api/types";

const LABELS = {
  overview: "Overview",
  curves: "Curves",
  board: "Board",
  health: "Health",
  spectrum: "Spectrum",
  analyses: "Interventions",
  decisions: "Decisions",
  samples: "Samples",
  read: "What they read",
  playground: "Playground",
  logs: "Logs",
  steering: "Steering",
  lineage: "Lineage",
  config: "Configuration",
  checkpoints: "Checkpoints",
} as const;

export type Leaf = keyof typeof LABELS;

const GROUPS: readonly { name: string; label: string; leaves: readonly Leaf[] }[] = [
  { name: "overview", label: "Overview", leaves: ["overview"] },
  { name: "curves", label: "Curves", leaves: ["curves", "board", "health"] },
  { name: "weights", label: "Weights", leaves: ["spectrum", "analyses"] },
  { name: "decisions", label: "Decisions", leaves: ["decisions"] },
  { name: "samples", label: "Samples", leaves: ["samples", "read", "playground"] },
  { name: "run", label: "Run", leaves: ["logs", "steering", "lineage", "config", "checkpoints"] },
];

const OF_TRAINING: readonly Leaf[] = ["health", "read", "samples", "playground", "decisions", "checkpoints"];
const OF_ANALYSIS: readonly Leaf[] = ["analyses", "logs", "steering", "lineage", "config"];
const OF_CHECK: readonly Leaf[] = ["read", "logs", "steering", "config"];
const OF_PLAYGROUND: readonly Leaf[] = ["logs", "steering", "lineage", "config"];

export interface RunTab {
  name: Leaf;
  label: string;
}

export interface TabGroup {
  name: string;
  label: string;
  tabs: readonly RunTab[];
}

/** What a run's page has, in groups that are never empty; the first tab is open while the address names none. */
export function tabGroups(run: Pick<RunDetail, "kind" | "is_job">): TabGroup[] {
  const has = leavesOf(run);
  const groups = GROUPS.map(({ name, label, leaves }) => ({
    name,
    label,
    tabs: leaves.filter((leaf) => has(leaf)).map((leaf) => ({ name: leaf, label: labelOf(leaf, run) })),
  })).filter(({ tabs }) => tabs.length > 0);
  if (groups.length === 1) return groups.flatMap(({ tabs }) => tabs.map((tab) => ({ ...tab, tabs: [tab] })));
  return groups.map((group) => ({ ...group, label: onlyOne(group.tabs)?.label ?? group.label }));
}

function leavesOf({ kind, is_job }: Pick<RunDetail, "kind" | "is_job">): (leaf: Leaf) => boolean {
  if (kind === "analysis") return (leaf) => OF_ANALYSIS.includes(leaf);
  if (kind === "check") return (leaf) => OF_CHECK.includes(leaf);
  if (kind === "playground") return (leaf) => OF_PLAYGROUND.includes(leaf);
  if (kind === "reported") return (leaf) => leaf !== "playground";
  return (leaf) => !is_job || !OF_TRAINING.includes(leaf);
}

function labelOf(leaf: Leaf, { kind }: Pick<RunDetail, "kind">): string {
  return kind === "analysis" && leaf === "analyses" ? "Picture" : LABELS[leaf];
}

function onlyOne(tabs: readonly RunTab[]): RunTab | undefined {
  return tabs.length === 1 ? tabs[0] : undefined;
}
