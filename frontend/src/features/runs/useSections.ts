import { keepPreviousData, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { type RunQuestion, runGroupsQuery, runPageQuery, TABLE_PAGE } from "~/api/runs";
import type { RunGroup, RunGroups, RunList, RunRow } from "~/api/types";
import { bothOf } from "~/lib/queryCompletion";
import { pagesOf, type Section } from "~/lib/sections";
import type { Column } from "./cells";
import type { RunsView } from "./useRunsView";

const MOST_MEASURES = 12;
const GROUP_ORDERS: Record<string, string> = { created: "newest", name: "name" };

export interface RunSection extends Section {
  group: RunGroup | null;
}

/** What the server said to a question; groups: null where none were asked for. */
interface Answer {
  question: RunQuestion;
  groups: RunGroups | undefined | null;
  first: RunList | undefined;
}

/**
 * The table's sections, and its rows page by page as they come into view; to a question that cannot be answered they stay.
 * ready: which columns are measures is known.
 */
export function useSections(view: RunsView, columns: readonly Column[], ready: boolean) {
  const cache = useQueryClient();
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const grouped = view.group !== "";
  const asked: RunQuestion = {
    query: view.query,
    sort: view.sortText,
    columns: view.columns.join(","),
    first: [...view.marked.pinned].join(","),
    moving: /[<>]/.test(view.query) || (view.sort !== null && isMoving(view.sort.name)),
  };
  const measures = columns.filter(({ measured }) => measured).map(({ name }) => name);
  const first = useQuery({ ...runPageQuery(asked, 0), placeholderData: keepPreviousData, enabled: !grouped });
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

  const source = grouped ? groups : first;
  const last = useRef<Answer | null>(null);
  const present: Answer = { question: asked, groups: grouped ? groups.data : null, first: first.data };
  if (source.data !== undefined && !source.isPlaceholderData) last.current = present;
  const shown = source.error === null ? present : (last.current ?? present);
  const { question } = shown;
  const sections: RunSection[] =
    shown.groups !== null
      ? (shown.groups?.groups ?? []).map((group) => ({
          key: group.query,
          query: bothOf(question.query, group.query),
          count: group.count,
          headed: true,
          open: opened.has(group.query),
          group,
        }))
      : [{ key: "", query: question.query, count: shown.first?.total ?? 0, headed: false, open: true, group: null }];

  /** The run of a section at a place, if its page has been read; the rows of an earlier question stand in meanwhile. */
  const runAt = (section: Section, index: number): RunRow | undefined => {
    const page = Math.floor(index / TABLE_PAGE);
    const key = runPageQuery({ ...question, query: section.query }, page).queryKey;
    const list = cache.getQueryData<RunList>(key) ?? (page === 0 && shown.groups === null ? shown.first : undefined);
    return list?.runs[index % TABLE_PAGE];
  };
  return {
    sections,
    question,
    total: sections.reduce((sum, { count }) => sum + count, 0),
    groups: shown.groups === null ? null : (shown.groups?.total ?? 0),
    error: source.error,
    /** Nothing to show: the first answer is on its way, or there never was one. */
    loading: source.data === undefined && source.error === null,
    empty: shown === present && source.error !== null,
    stale: source.isPlaceholderData,
    retry: () => void source.refetch(),
    toggle: (key: string) => {
      const next = new Set(opened);
      if (!next.delete(key)) next.add(key);
      setOpened(next);
    },
    runAt,
    /** Of the first rows of open sections, as far as they have been read: more than a comparison takes. */
    ids: sections.flatMap((section) =>
      section.open ? firstOf(section.count).flatMap((index) => runAt(section, index)?.id ?? []) : [],
    ),
  };
}

const firstOf = (count: number) => Array.from({ length: Math.min(count, TABLE_PAGE) }, (_, index) => index);

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
