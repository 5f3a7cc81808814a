/** What the stream tells a tab, and how news add up while a tab is busy or asleep: pure. */

import { type Connection, newer } from "~/lib/liveStore";
import type { RunSummary } from "./types";

/** The server's pulse; times in seconds since the epoch. */
export interface Pulse {
  /** The server's clock minus this machine's. */
  offset: number;
  /** When the server last read its database. */
  readAt: number;
  /** Active run -> last sign of life of its trainer. */
  heartbeats: Record<string, number>;
  /** Ids of the workers that are alive. */
  workers: string[];
}

export interface LiveNews {
  connection?: Connection;
  pulse?: Pulse;
  runs?: RunSummary[];
  deleted?: string[];
  /** The server wants another token. */
  refused?: true;
}

/** Both news in one: of each run the newest report only, none of a run that is gone. */
export function addedUp(before: LiveNews, after: LiveNews): LiveNews {
  const reports = new Map<string, RunSummary>();
  for (const run of [...(before.runs ?? []), ...(after.runs ?? [])]) {
    reports.set(run.id, newer(reports.get(run.id), run));
  }
  const deleted = [...new Set([...(before.deleted ?? []), ...(after.deleted ?? [])])];
  for (const id of deleted) reports.delete(id);
  const sum: LiveNews = { ...before, ...after };
  if (reports.size > 0 || before.runs || after.runs) sum.runs = [...reports.values()];
  if (deleted.length > 0) sum.deleted = deleted;
  return sum;
}

/** Hands news to one reader that says when it has taken them; what comes meanwhile is added up. */
export class Outbox {
  private waiting: LiveNews | undefined;
  private busy = false;

  constructor(private readonly post: (news: LiveNews) => void) {}

  tell(news: LiveNews): void {
    this.waiting = this.waiting === undefined ? news : addedUp(this.waiting, news);
    this.flush();
  }

  taken(): void {
    this.busy = false;
    this.flush();
  }

  private flush(): void {
    if (this.busy || this.waiting === undefined) return;
    const news = this.waiting;
    this.waiting = undefined;
    this.busy = true;
    this.post(news);
  }
}
