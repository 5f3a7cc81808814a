/** What a live event changes: pure, so that order, repetition and gaps can be tested. */

export interface Moving {
  id: string;
  seq: number;
  topics: Record<string, number>;
  rewound_seq: number;
}

/** The newer of two reports of a run; an event that arrives twice or late changes nothing. */
export function newer<T extends Moving>(known: T | undefined, arrived: T): T {
  return known !== undefined && arrived.seq < known.seq ? known : arrived;
}

/** Topics whose sequence moved between two reports; all of them when the run was rewound. */
export function movedTopics(known: Moving | undefined, arrived: Moving): Set<string> {
  if (known !== undefined && arrived.seq < known.seq) return new Set();
  const rewound = known !== undefined && arrived.rewound_seq > known.rewound_seq;
  const names = Object.keys(arrived.topics);
  return new Set(names.filter((topic) => rewound || (arrived.topics[topic] ?? 0) > (known?.topics[topic] ?? 0)));
}

/** A list of runs with the arrived reports in it; what only the list knows of a run stays. */
export function mergeRows<T extends Moving, Row extends T>(rows: readonly Row[], arrived: readonly T[]): Row[] {
  const reports = new Map<string, T>();
  for (const report of arrived) reports.set(report.id, newer(reports.get(report.id), report));
  return rows.map((row) => {
    const report = reports.get(row.id);
    return report === undefined || report.seq < row.seq ? row : { ...row, ...report };
  });
}

type ConnectionState = "connecting" | "live" | "catching up" | "lost";

export interface Connection {
  state: ConnectionState;
  /** Seconds since the epoch at which this state began. */
  since: number;
  everLive: boolean;
}

export type ConnectionEvent = "opened" | "heard" | "failed";

/** After a loss the page is "catching up" until the first event after reconnection has been taken in. */
export function nextConnection(current: Connection, event: ConnectionEvent, now: number): Connection {
  const to: ConnectionState =
    event === "failed" ? "lost" : event === "heard" ? "live" : current.everLive ? "catching up" : "connecting";
  if (to === current.state) return current;
  return { state: to, since: now, everLive: current.everLive || to === "live" };
}
