/** What is possible in which state; the server decides, this only explains beforehand. */

export type State = "queued" | "starting" | "running" | "paused" | "stopping" | "finished" | "stopped" | "failed";
export type Steering = "pause" | "resume" | "stop" | "checkpoint" | "extrapolate" | "veto";

const ACTIVE: readonly State[] = ["starting", "running", "paused", "stopping"];

const POSSIBLE: Record<Steering, readonly State[]> = {
  pause: ["starting", "running"],
  resume: ["paused", "stopped", "failed"],
  stop: ["queued", "starting", "running", "paused"],
  checkpoint: ["running", "paused"],
  extrapolate: ["running", "paused"],
  veto: ["running", "paused"],
};

/** A worker holds the run. */
export function isActive(state: State): boolean {
  return ACTIVE.includes(state);
}

/** Nothing more will be recorded, unless it is resumed. */
export function hasEnded(state: State): boolean {
  return state === "finished" || state === "stopped" || state === "failed";
}

/** Why a command is not possible now; null when it is. */
export function obstacle(command: Steering, state: State): string | null {
  if (POSSIBLE[command].includes(state)) return null;
  if (state === "stopping") return "The run is stopping already";
  if (state === "finished") return "The run has finished";
  if (state === "queued") return "The run waits for a worker";
  if (command === "pause" && state === "paused") return "The run is paused already";
  return `Possible while the run is ${POSSIBLE[command].join(" or ")}; it is ${state}`;
}
