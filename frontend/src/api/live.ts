/** One stream of server-sent events per tab: what moved, never the data itself. */
import { EventSource } from "eventsource";
import { type Connection, type ConnectionEvent, nextConnection } from "~/lib/liveStore";
import { createStore } from "~/lib/store";
import { authHeaders, tokenAsked } from "./token";
import type { RunSummary } from "./types";

const SILENCE_MS = 15_000; // three pings
const RETRY_MS = 2_000;

export const connection = createStore<Connection>({ state: "connecting", since: Date.now() / 1000, everLive: false });

interface Handlers {
  onRuns: (runs: RunSummary[]) => void;
  onFirstOpen: () => void;
}

/** Opens the stream and keeps it open; the returned function closes it. */
export function openLive({ onRuns, onFirstOpen }: Handlers): () => void {
  let source: EventSource | undefined;
  let lastEventId = "";
  let watchdog: ReturnType<typeof setTimeout> | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;

  const note = (event: ConnectionEvent) =>
    connection.set(nextConnection(connection.get(), event, Math.floor(Date.now() / 1000)));

  const connect = () => {
    clearTimeout(retry);
    source?.close();
    source = new EventSource("/api/live", {
      fetch: (url, init) => {
        const headers = new Headers({ ...init.headers, ...authHeaders() });
        if (lastEventId !== "") headers.set("Last-Event-ID", lastEventId);
        return fetch(url, { ...init, headers });
      },
    });
    source.addEventListener("open", () => {
      if (!connection.get().everLive) onFirstOpen();
      note("opened");
      listen();
    });
    source.addEventListener("runs", (event) => {
      heard(event.lastEventId);
      onRuns((JSON.parse(event.data) as { runs: RunSummary[] }).runs);
    });
    source.addEventListener("ping", (event) => heard(event.lastEventId));
    source.addEventListener("error", (event) => {
      note("failed");
      if (event.code === 401) {
        tokenAsked.set(true);
        source?.close();
      } else {
        again();
      }
    });
  };

  const heard = (id: string) => {
    if (id !== "") lastEventId = id;
    note("heard");
    listen();
  };
  const listen = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => {
      note("failed");
      connect();
    }, SILENCE_MS);
  };
  const again = () => {
    source?.close();
    clearTimeout(watchdog);
    clearTimeout(retry);
    retry = setTimeout(connect, RETRY_MS);
  };

  connect();
  const unsubscribe = tokenAsked.subscribe(() => {
    if (!tokenAsked.get()) connect();
  });
  return () => {
    unsubscribe();
    clearTimeout(watchdog);
    clearTimeout(retry);
    source?.close();
  };
}
