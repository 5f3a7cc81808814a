/** One stream of server-sent events, kept open: what moved, never the data itself. Runs in a tab or in a shared worker. */
import { EventSource } from "eventsource";
import { type Connection, type ConnectionEvent, nextConnection } from "~/lib/liveStore";
import type { LiveNews } from "./liveNews";
import type { RunSummary } from "./types";

const SILENCE_MS = 15_000; // three pings
const RETRY_MS = 2_000;

export interface LiveSource {
  connection: () => Connection;
  /** Tries now instead of at the next turn, when the connection is lost. */
  retry: () => void;
  close: () => void;
}

export function openSource(token: string, tell: (news: LiveNews) => void): LiveSource {
  let connection: Connection = { state: "connecting", since: seconds(), everLive: false };
  let source: EventSource | undefined;
  let lastEventId = "";
  let watchdog: ReturnType<typeof setTimeout> | undefined;
  let retrying: ReturnType<typeof setTimeout> | undefined;

  const note = (event: ConnectionEvent) => {
    const next = nextConnection(connection, event, Math.floor(seconds()));
    if (next === connection) return;
    connection = next;
    tell({ connection });
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
  const close = () => {
    clearTimeout(watchdog);
    clearTimeout(retrying);
    source?.close();
  };

  const connect = () => {
    close();
    source = new EventSource(new URL("/api/live", self.location.href), {
      fetch: (url, init) => {
        const headers = new Headers({ ...init.headers });
        if (token !== "") headers.set("Authorization", `Bearer ${token}`);
        if (lastEventId !== "") headers.set("Last-Event-ID", lastEventId);
        return fetch(url, { ...init, headers });
      },
    });
    source.addEventListener("open", () => {
      note("opened");
      listen();
    });
    source.addEventListener("runs", (event) => {
      tell({ runs: (JSON.parse(event.data) as { runs: RunSummary[] }).runs });
      listen();
      if (event.lastEventId !== "") lastEventId = event.lastEventId;
    });
    source.addEventListener("deleted", (event) => {
      tell({ deleted: (JSON.parse(event.data) as { runs: string[] }).runs });
      listen();
      if (event.lastEventId !== "") lastEventId = event.lastEventId;
    });
    // The first ping comes after everything that was missed.
    source.addEventListener("ping", (event) => {
      const { at, read_at, heartbeats, workers } = JSON.parse(event.data) as Ping;
      tell({ pulse: { offset: at - seconds(), readAt: read_at, heartbeats, workers } });
      heard(event.lastEventId);
    });
    source.addEventListener("error", (event) => {
      note("failed");
      close();
      if (event.code === 401) tell({ refused: true });
      else retrying = setTimeout(connect, RETRY_MS);
    });
  };

  connect();
  return {
    connection: () => connection,
    retry: () => connection.state === "lost" && connect(),
    close,
  };
}

interface Ping {
  at: number;
  read_at: number;
  heartbeats: Record<string, number>;
  workers: string[];
}

function seconds(): number {
  return Date.now() / 1000;
}
