import { useCallback, useMemo, useState } from "react";
import type { RunRow } from "~/api/types";

/** The chosen runs; all: every run that matches, shown or not. */
export interface Selection {
  all: boolean;
  runs: ReadonlyMap<string, RunRow>;
  has: (id: string) => boolean;
  toggle: (run: RunRow, chosen: boolean) => void;
  /** Runs between two clicks. */
  add: (runs: readonly RunRow[]) => void;
  addAll: () => void;
  clear: () => void;
}

const NOTHING: ReadonlyMap<string, RunRow> = new Map();

/** Forgotten when another question is asked: what one cannot see must not be acted on. */
export function useSelection(question: string): Selection {
  const [state, setState] = useState({ question, all: false, runs: NOTHING });
  const current = state.question === question ? state : { question, all: false, runs: NOTHING };
  const set = useCallback(
    (all: boolean, runs: ReadonlyMap<string, RunRow>) => setState({ question, all, runs }),
    [question],
  );
  return useMemo(
    () => ({
      all: current.all,
      runs: current.runs,
      has: (id) => current.all || current.runs.has(id),
      toggle: (run, chosen) => {
        const next = new Map(current.runs);
        if (chosen) next.set(run.id, run);
        else next.delete(run.id);
        set(false, next);
      },
      add: (runs) => set(false, new Map([...current.runs, ...runs.map((run) => [run.id, run] as const)])),
      addAll: () => set(true, current.runs),
      clear: () => set(false, NOTHING),
    }),
    [current.all, current.runs, set],
  );
}
