import { list } from "./urlParams";

export const MOST_ENTRIES = 8;
const GROUP = "group:";

/** What the address asks to compare, each once: `runs` names runs and groups, `groups` names groups alone. */
export function comparedKeys({ runs, groups }: { runs?: string; groups?: string }): string[] {
  return [...new Set([...list(runs), ...list(groups).map((name) => GROUP + name)])];
}

/**
 * Plain training where it is there, since what looks ahead is measured against it, the oldest of it: tables begin with the newest.
 * Else the first of which anything is known, since a run in the queue has no points.
 */
export function usualReference<
  E extends { runs: readonly { latest: object; looks_ahead: boolean; created_at: number }[] },
>(entries: readonly E[]): E | undefined {
  const known = entries.filter(({ runs }) => runs.some(({ latest }) => Object.keys(latest).length > 0));
  const plain = known.filter(({ runs }) => runs.every((run) => !run.looks_ahead));
  const began = ({ runs }: E) => Math.min(...runs.map((run) => run.created_at));
  return plain.sort((one, other) => began(one) - began(other))[0] ?? known[0] ?? entries[0];
}
