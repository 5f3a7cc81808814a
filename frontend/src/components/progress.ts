/** How far a run is, between two events: clocks go on ticking on the page. */
import type { RunSummary, Transfer } from "~/api/types";
import { bytes, duration } from "~/lib/format";
import { isActive } from "~/lib/runState";

const QUIET_SECONDS = 15; // seven heartbeats
const SLOWEST_SECONDS = 60;
const STEPS_OF_PATIENCE = 10;
const TIMES_OF_PATIENCE = 2;

/** The estimate made at the last step, less what has passed since; only while training goes on. */
export function secondsLeft(run: RunSummary, now: number): number | null {
  if (run.seconds_left === null || !isActive(run.state)) return null;
  if (run.state !== "running" || run.progressed_at === null) return run.seconds_left;
  return Math.max(0, run.seconds_left - Math.max(0, now - run.progressed_at));
}

export function timeLeft(run: RunSummary, now: number): string {
  const left = secondsLeft(run, now);
  if (left !== null && left < 1 && run.state === "running") return "about to end";
  if (left !== null) return `about ${duration(Math.round(left))} left`;
  if (run.ended_at !== null && run.started_at !== null) return `took ${duration(run.ended_at - run.started_at)}`;
  return run.state === "queued" ? "waits for a worker" : "";
}

/** "Downloading acme/tiny@main: 1.2 GiB of 15.2 GiB, 54 MiB/s, about 4 min 25 s left". */
export function transferWords({ doing, what, files, total, done, speed }: Transfer): string {
  const [first, ...rest] = doing;
  const far = done === null ? `${files} files, ${bytes(total)}` : `${bytes(done)} of ${bytes(total)}`;
  const pace = speed ? `, ${bytes(speed)}/s` : "";
  const left = speed && done !== null ? `, about ${duration(Math.round((total - done) / speed))} left` : "";
  return `${first?.toUpperCase()}${rest.join("")} ${what}: ${far}${pace}${left}`;
}

export interface Clock {
  /** Seconds since the epoch; null when it never ticked. */
  at: number | null;
  /** Longer ago than a healthy run would let it be. */
  late: boolean;
}

/** Two clocks: the process may live while training stands still, and a silent process may still train. */
export function clocks(run: RunSummary, heartbeat: number | undefined, now: number): { alive: Clock; progress: Clock } {
  const beatAt = latest(run.heartbeat_at, heartbeat ?? null);
  const { seconds } = run.latest;
  const pace = seconds && run.step > 0 ? seconds / run.step : 0;
  // Steps of an import are its checkpoints', far apart: what all before took tells more than a mean per step.
  const usual = run.is_job ? TIMES_OF_PATIENCE * (seconds ?? 0) : STEPS_OF_PATIENCE * pace;
  const patience = Math.max(SLOWEST_SECONDS, usual);
  return {
    alive: { at: beatAt, late: beatAt !== null && now - beatAt > QUIET_SECONDS },
    progress: {
      at: run.progressed_at,
      late: run.state === "running" && run.progressed_at !== null && now - run.progressed_at > patience,
    },
  };
}

function latest(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.max(one, other);
}
