/** What a state means for the pages; what can be asked of a run in it comes with the run. */

export type State = "queued" | "starting" | "running" | "paused" | "stopping" | "finished" | "stopped" | "failed";

const ACTIVE: readonly State[] = ["starting", "running", "paused", "stopping"];

/** A worker holds the run. */
export function isActive(state: State): boolean {
  return ACTIVE.includes(state);
}

/** Nothing more will be recorded, unless it is resumed. */
export function hasEnded(state: State): boolean {
  return state === "finished" || state === "stopped" || state === "failed";
}
