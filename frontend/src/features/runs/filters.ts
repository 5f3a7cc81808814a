import type { RunState, RunSummary } from "~/api/types";
import { list, type Search } from "~/lib/urlParams";

export const STATES: RunState[] = [
  "queued",
  "starting",
  "running",
  "paused",
  "stopping",
  "finished",
  "stopped",
  "failed",
];
export const MAX_COMPARED = 6;

/** Runs that match the text, states and methods of the URL. */
export function filtered(runs: readonly RunSummary[], search: Search): RunSummary[] {
  const words = (search.q ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const states = new Set(list(search.state));
  const methods = new Set(list(search.method));
  return runs.filter((run) => {
    const text = [run.name, run.id, run.group, run.student, run.teacher, ...run.tags].join(" ").toLowerCase();
    return (
      words.every((word) => text.includes(word)) &&
      (states.size === 0 || states.has(run.state)) &&
      (methods.size === 0 || methods.has(run.method))
    );
  });
}

export interface Sort {
  id: string;
  desc: boolean;
}

/** `sort=-created` in the URL. */
export function sortOf(text: string | undefined): Sort[] {
  if (text === undefined) return [{ id: "created", desc: true }];
  return [{ id: text.replace(/^-/, ""), desc: text.startsWith("-") }];
}

export function sortText([sort]: readonly Sort[]): string | undefined {
  return sort && `${sort.desc ? "-" : ""}${sort.id}`;
}
