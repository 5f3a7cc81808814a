import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useReducer, useRef } from "react";
import { fetchExtension, panelKey, panelQuery, type TableRequest } from "~/api/panels";
import type { RunSummary } from "~/api/types";
import { type Extension, extend, isBehind, type PanelData } from "~/lib/figure";
import { loadPlotly } from "../plot/loadPlotly";

/** Between two looks at a run: a picture spends at most a quarter of its time on them, and follows within a second. */
const REST = 3;
const SPACING_MS = { least: 60, most: 600 };
const AFTER_FAILURE_MS = 3000;

interface PanelRequest extends TableRequest {
  runs: readonly RunSummary[];
  topics: readonly string[];
  /** Only pictures in sight, or near it, are fetched and follow their runs. */
  visible: boolean;
}

/** A panel's figure: fetched whole once, then extended as live events say that its runs moved. */
export function usePanel({ name, runs, asked, members, params, topics, visible }: PanelRequest) {
  const cache = useQueryClient();
  const ids = runs.map((run) => run.id);
  const seen = useRef(false);
  seen.current ||= visible;
  const query = useQuery({
    ...panelQuery(name, asked, params, members),
    placeholderData: keepPreviousData,
    enabled: seen.current,
  });
  useEffect(() => {
    if (visible) void loadPlotly(); // while the figure is on its way
  }, [visible]);
  const { data, isPlaceholderData } = query;
  const progress = useRef({ busy: false, dueAt: 0 });
  const [woken, wake] = useReducer((count: number) => count + 1, 0);

  // biome-ignore lint/correctness/useExhaustiveDependencies: ids follow from runs; woken looks again after an answer
  useEffect(() => {
    const now = progress.current;
    if (!visible || data === undefined || isPlaceholderData || now.busy) return;
    if (!isBehind(data.cursors, topics, runs)) return;
    const timer = setTimeout(
      async () => {
        now.busy = true;
        const began = performance.now();
        const wait = await follow().then(
          () => Math.min(SPACING_MS.most, Math.max(SPACING_MS.least, REST * (performance.now() - began))),
          () => AFTER_FAILURE_MS,
        );
        now.busy = false;
        now.dueAt = Date.now() + wait;
        wake();
      },
      Math.max(0, now.dueAt - Date.now()),
    );
    return () => clearTimeout(timer);

    async function follow() {
      if (data === undefined) return;
      const key = panelKey(name, asked, params, members);
      const extension = await fetchExtension(name, asked, params, data.cursors, ids);
      if (extension.reset) await cache.refetchQueries({ queryKey: key, exact: true }, { throwOnError: true });
      else cache.setQueryData<PanelData>(key, (present) => applied(present, data, extension));
      if (!extension.reset && isSame(data.cursors, extension.cursors)) throw new Error("no progress");
    }
  }, [data, isPlaceholderData, runs, visible, woken]);

  return query;
}

/** The extension belongs to the figure it was asked for; one that moved meanwhile is left alone. */
function applied(present: PanelData | undefined, asked: PanelData, extension: Extension): PanelData | undefined {
  if (present === undefined || !isSame(present.cursors, asked.cursors)) return present;
  return extend(present, extension) ?? present;
}

function isSame(one: Record<string, number>, other: Record<string, number>): boolean {
  return Object.entries(one).every(([run, seq]) => other[run] === seq);
}
