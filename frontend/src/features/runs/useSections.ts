import { keepPreviousData, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type RunQuestion, runGroupsQuery, runPageQuery, TABLE_PAGE } from "~/api/runs";
import type { RunGroup, RunList, RunRow } from "~/api/types";
import { bothOf } from "~/lib/queryCompletion";
import { pagesOf, type Section } from "~/lib/sections";
import type { Column } from "./cells";
import type { RunsView } from "./useRunsView";

const MOST_MEASURES = 12;
const GROUP_ORDERS: Record<string, string> = { created: "newest", name: "name" };

export interface RunSection extends Section {
  group: RunGroup | null;
}

/** The table's sections, and its rows page by page as they come into view. ready: which columns are measures is known. */
export function useSections(view: RunsView, columns: readonly Column[], ready: boolean) {
  const cache = useQueryClient();
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const grouped = view.group !== "";
  const question: RunQuestion = {
    query: view.query,
    sort: view.sortText,
    columns: view.columns.join(","),
    moving: /[<>]/.test(view.query) || (view.sort !== null && isMoving(view.sort.name)),
  };
  const measures = columns.filter(({ measured }) => measured).map(({ name }) => name);
  const first = useQuery({ ...runPageQuery(question, 0), placeholderData: keepPreviousData, enabled: !grouped });
  const groups = useQuery({
    ...runGroupsQuery({
      query: view.query,
      by: view.group,
      measures: measures.slice(0, MOST_MEASURES).join(","),
      sort: groupOrder(view, measures),
    }),
    placeholderData: keepPreviousData,
    enabled: grouped && ready,
  });

  const sections: RunSection[] = grouped
    ? (groups.data?.groups ?? []).map((group) => ({
        key: group.query,
        query: bothOf(view.query, group.query),
        count: group.count,
        headed: true,
        open: opened.has(group.query),
        group,
      }))
    : [{ key: "", query: view.query, count: first.data?.total ?? 0, headed: false, open: true, group: null }];

  const source = grouped ? groups : first;
  return {
    sections,
    question,
    total: grouped ? sections.reduce((sum, { count }) => sum + count, 0) : (first.data?.total ?? 0),
    groups: grouped ? (groups.data?.total ?? 0) : null,
    error: source.error,
    loading: source.data === undefined && source.error === null,
    stale: source.isPlaceholderData,
    retry: () => void source.refetch(),
    toggle: (key: string) => {
      const next = new Set(opened);
      if (!next.delete(key)) next.add(key);
      setOpened(next);
    },
    /** The run of a section at a place, if its page has been read; the rows of an earlier question stand in meanwhile. */
    runAt: (section: Section, index: number): RunRow | undefined => {
      const page = Math.floor(index / TABLE_PAGE);
      const key = runPageQuery({ ...question, query: section.query }, page).queryKey;
      const list = cache.getQueryData<RunList>(key) ?? (page === 0 && !grouped ? first.data : undefined);
      return list?.runs[index % TABLE_PAGE];
    },
  };
}

const MOVING = /^(latest\..*|[^.]*\/.*|step|progress|ended|updated|[a-z]*seconds|tokens|loss|accuracy|kl)$/;

/** Whether a run's value changes while it trains; other measures are put in order with the next change of a state. */
function isMoving(name: string): boolean {
  return MOVING.test(name);
}

export type Sections = ReturnType<typeof useSections>;

function groupOrder({ sort }: RunsView, measures: readonly string[]): string {
  const known = sort === null ? undefined : measures.includes(sort.name) ? sort.name : GROUP_ORDERS[sort.name];
  return known === undefined ? "-newest" : `${sort?.descending ? "-" : ""}${known}`;
}

/** Reads the pages that hold these rows, and follows them. */
export function useVisiblePages({ sections, question }: Sections, rows: readonly number[]): void {
  useQueries({
    queries: pagesOf(sections, rows, TABLE_PAGE).map(({ query, page }) => runPageQuery({ ...question, query }, page)),
  });
}
