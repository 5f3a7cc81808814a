import { list } from "./urlParams";

export const MOST_ENTRIES = 8;
const GROUP = "group:";

/** What the address asks to compare, each once: `runs` names runs and groups, `groups` names groups alone. */
export function comparedKeys({ runs, groups }: { runs?: string; groups?: string }): string[] {
  return [...new Set([...list(runs), ...list(groups).map((name) => GROUP + name)])];
}
