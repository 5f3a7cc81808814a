import { hasEnded } from "./runState";

type Ending = "finished" | "failed";

interface Reported {
  id: string;
  kind: string;
  state: Parameters<typeof hasEnded>[0];
}

/** Somebody waits for these on a page. */
const PASSING = new Set(["check", "playground"]);

/** Picks from reports the runs that have finished or failed since they were last reported as going on. */
export function runEnds() {
  const going = new Set<string>();
  return <Run extends Reported>(reports: readonly Run[]): (Run & { state: Ending })[] =>
    reports.filter((run): run is Run & { state: Ending } => {
      if (!hasEnded(run.state)) {
        going.add(run.id);
        return false;
      }
      return going.delete(run.id) && run.state !== "stopped" && !PASSING.has(run.kind);
    });
}
