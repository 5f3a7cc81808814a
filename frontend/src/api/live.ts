/** The tab's end of the live stream: connection, pulse, and news of runs for the caches. */

import type { Connection } from "~/lib/liveStore";
import { createStore } from "~/lib/store";
import type { FromTab } from "./live.worker";
import type { LiveNews, Pulse } from "./liveNews";
import { openSource } from "./liveSource";
import { readToken, tokenAsked } from "./token";
import type { RunSummary } from "./types";

export const connection = createStore<Connection>({ state: "connecting", since: Date.now() / 1000, everLive: false });
export const pulse = createStore<Pulse>({ offset: 0, readAt: Number.POSITIVE_INFINITY, heartbeats: {}, workers: [] });

export interface LiveHandlers {
  onRuns: (runs: RunSummary[]) => void;
  onDeleted: (ids: string[]) => void;
  /** A worker has come or gone. */
  onWorkers: () => void;
  /** The stream is open again: what does not announce itself may have changed while it was lost. */
  onReturn: () => void;
}

interface Stream {
  retry: () => void;
  close: () => void;
}

let stream: Stream | undefined;

/** Tries to reach the server now. */
export function reconnect(): void {
  stream?.retry();
}

/** Follows the server from now on, through losses of the connection and changes of the token. */
export function followLive(handlers: LiveHandlers): void {
  let open = false;
  let fresh = true; // what the page reads before its first connection is as new as that
  const take = (news: LiveNews) => {
    if (news.pulse) {
      const before = pulse.get().workers;
      pulse.set(news.pulse);
      if (before.join() !== news.pulse.workers.join()) handlers.onWorkers();
    }
    if (news.runs) handlers.onRuns(news.runs);
    if (news.deleted) handlers.onDeleted(news.deleted);
    if (news.connection) {
      connection.set(news.connection);
      const { state } = news.connection;
      const nowOpen = state === "live" || state === "catching up";
      if (nowOpen && !open && !fresh) handlers.onReturn();
      fresh &&= !nowOpen && state !== "lost";
      open = nowOpen;
    }
    if (news.refused) tokenAsked.set(true);
  };
  const join = () => {
    stream?.close();
    stream = typeof SharedWorker === "undefined" ? openSource(readToken(), take) : shared(readToken(), take);
  };
  join();
  tokenAsked.subscribe(() => {
    if (!tokenAsked.get()) join();
  });
  window.addEventListener("online", reconnect);
  window.addEventListener("pagehide", () => stream?.close());
  window.addEventListener("pageshow", (event) => event.persisted && join());
}

function shared(token: string, take: (news: LiveNews) => void): Stream {
  const { port } = new SharedWorker(new URL("./live.worker.ts", import.meta.url), { type: "module", name: token });
  const say = (message: FromTab) => port.postMessage(message);
  port.onmessage = ({ data }: MessageEvent<LiveNews>) => {
    take(data);
    say("taken");
  };
  return {
    retry: () => say("retry"),
    close: () => {
      say("leave");
      port.close();
    },
  };
}
