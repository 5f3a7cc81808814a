import { list } from "./urlParams";

export const MOST_ENTRIES = 8;
const GROUP = "group:";

/** What the address asks to compare, each once: `runs` names runs and groups, `groups` names groups alone. */
export function comparedKeys({ runs, groups }: { runs?: string; groups?: string }): string[] {
  return [...new Set([...list(runs), ...list(groups).map((name) => GROUP + name)])];
}

/** The first of which anything is known: a run in the queue has no points to measure others against. */
export function usualReference<E extends { runs: readonly { latest: object }[] }>(
  entries: readonly E[],
): E | undefined {
  return entries.find(({ runs }) => runs.some(({ latest }) => Object.keys(latest).length > 0)) ?? entries[0];
}
