/** Live events in the home page's answer: rows and curves move on without asking the server. */

import { movedTopics, newer } from "~/lib/liveStore";
import { isActive } from "~/lib/runState";
import { extended } from "~/lib/sparkline";
import type { Home, RunState, RunSummary } from "./types";

type Section = "running" | "waiting" | "failed" | "ended";
const SECTIONS: readonly Section[] = ["running", "waiting", "failed", "ended"];

function sectionOf(state: RunState): Section {
  if (isActive(state)) return "running";
  if (state === "queued") return "waiting";
  return state === "failed" ? "failed" : "ended";
}

/** The answer with these reports in it, and whether it must be asked for again: a run changed its place, or alerts came. */
export function withReports(home: Home, arrived: readonly RunSummary[]): { home: Home; outdated: boolean } {
  let outdated = false;
  let result = home;
  for (const report of arrived) {
    const section = SECTIONS.find((name) => home[name].some(({ run }) => run.id === report.id));
    if (section === undefined || section !== sectionOf(report.state)) outdated = true;
    if (section === undefined) continue;
    const known = home[section].find(({ run }) => run.id === report.id)?.run;
    const moved = movedTopics(known, report);
    if (moved.has("alerts") || (known !== undefined && report.rewound_seq > known.rewound_seq)) outdated = true;
    if (section === "running") result = { ...result, running: result.running.map((row) => movedOn(row, report)) };
    else result = { ...result, [section]: result[section].map((row) => updated(row, report)) };
  }
  return { home: result, outdated };
}

function updated<T extends { run: RunSummary }>(row: T, report: RunSummary): T {
  return row.run.id === report.id ? { ...row, run: newer(row.run, report) } : row;
}

function movedOn(row: Home["running"][number], report: RunSummary): Home["running"][number] {
  const next = updated(row, report);
  if (next === row || next.sparkline === null) return next;
  const value = next.run.latest[next.sparkline.key];
  const measured = next.run.step > row.run.step && value !== undefined;
  return measured ? { ...next, sparkline: extended(next.sparkline, next.run.step, value) } : next;
}

/** The answer without runs that are gone. */
export function withoutRuns(home: Home, ids: ReadonlySet<string>): Home {
  const stay = <T extends { run: RunSummary }>(rows: T[]) => rows.filter(({ run }) => !ids.has(run.id));
  return {
    ...home,
    running: stay(home.running),
    waiting: stay(home.waiting),
    failed: stay(home.failed),
    ended: stay(home.ended),
  };
}
