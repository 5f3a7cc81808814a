import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { entriesQuery } from "~/api/compare";
import type { Entry, RunSummary } from "~/api/types";
import { useView } from "~/components/useView";
import { comparedKeys, MOST_ENTRIES, usualReference } from "~/lib/compared";

const NONE: readonly Entry[] = [];

export type Comparison = ReturnType<typeof useComparison>;
export type Compared = Pick<Comparison, "entries" | "runs" | "keys">;

/** The compared runs and groups, the reference among them, and how to change both; all of it is in the URL. */
export function useComparison() {
  const [search, change] = useView();
  const { runs: named, groups } = search;
  const wanted = useMemo(() => comparedKeys({ runs: named, groups }), [named, groups]);
  const keys = useMemo(() => wanted.slice(0, MOST_ENTRIES), [wanted]);
  const query = useQuery(entriesQuery(keys));
  const { data } = query;
  const entries = keys.length === 0 ? NONE : (data?.entries ?? NONE);
  const runs = useMemo(() => everyRun(entries), [entries]);
  const usual = usualReference(entries);
  const reference =
    entries.find(({ key, name, is_group }) => key === search.reference || (is_group && name === search.reference)) ??
    usual;
  const write = (next: readonly string[], more: Record<string, string | undefined> = {}) =>
    change({ runs: next.join(","), groups: undefined, ...more });
  return {
    entries,
    /** Every run once, in the order in which the API counts them. */
    runs,
    keys: useMemo(() => entries.map(({ key }) => key), [entries]),
    reference,
    asked: keys,
    surplus: wanted.slice(MOST_ENTRIES),
    missing: keys.length === 0 ? [] : (data?.missing ?? []).filter((key) => keys.includes(key)),
    unread: keys.length > 0 && data === undefined ? query : null,
    add: (key: string) => write([...keys, key]),
    remove: (key: string) =>
      write(
        wanted.filter((other) => other !== key),
        key === reference?.key ? { reference: undefined } : {},
      ),
    keepFirst: () => write(keys),
    move: (key: string, by: -1 | 1) => write(moved(wanted, key, by), { reference: reference?.key }),
    setReference: (key: string) => change({ reference: key === usual?.key ? undefined : key }),
  };
}

export function everyRun(entries: readonly Entry[]): RunSummary[] {
  return [...new Map(entries.flatMap(({ runs }) => runs).map((run) => [run.id, run])).values()];
}

function moved(keys: readonly string[], key: string, by: -1 | 1): string[] {
  const next = keys.filter((other) => other !== key);
  next.splice(Math.max(0, keys.indexOf(key) + by), 0, key);
  return next;
}
