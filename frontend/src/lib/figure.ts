/** A figure as the API draws it, and how new data extends it without drawing it anew. */
import { concatenate, isColumn, isEncoded } from "./typedArrays";

export type Attributes = { [key: string]: unknown };
export type Trace = Attributes & { uid?: string; type?: string; name?: string };

export interface Figure {
  data: Trace[];
  layout: Attributes;
}

export interface PanelMeta {
  title?: string;
  about?: string;
  steps?: number[];
  step?: number | null;
  note?: string | null;
  choices?: Record<string, unknown[]>;
  /** Parameters that change nothing in this picture. */
  unused?: string[];
  /** A part that is shown instead of the whole, until the parameter is empty again. */
  opened?: { parameter: string; title: string; back: string } | null;
  empty?: boolean;
  [key: string]: unknown;
}

export interface PanelData {
  figure: Figure;
  cursors: Record<string, number>;
  meta: PanelMeta;
}

export interface Extension {
  cursors: Record<string, number>;
  reset?: boolean;
  append?: Record<string, Attributes>;
  traces?: Trace[];
  layout?: Attributes;
  meta?: PanelMeta;
}

/** The panel after an extension; null when it asks to fetch the whole figure again. */
export function extend(panel: PanelData, extension: Extension): PanelData | null {
  if (extension.reset) return null;
  return {
    figure: {
      data: extendTraces(panel.figure.data, extension),
      layout: patch(panel.figure.layout, extension.layout ?? {}),
    },
    cursors: furthest(panel.cursors, extension.cursors),
    meta: { ...panel.meta, ...extension.meta },
  };
}

function extendTraces(traces: Trace[], extension: Extension): Trace[] {
  const append = extension.append ?? {};
  const replaced = new Map((extension.traces ?? []).map((trace) => [trace.uid, trace]));
  const kept = traces.map((trace) => {
    const whole = replaced.get(trace.uid);
    if (trace.uid === undefined) return trace;
    if (whole) {
      replaced.delete(trace.uid);
      return whole;
    }
    const tail = append[trace.uid];
    return tail ? (appended(trace, tail) as Trace) : trace;
  });
  return [...kept, ...replaced.values()];
}

function appended(target: Attributes, tail: Attributes): Attributes {
  const result = { ...target };
  for (const [key, value] of Object.entries(tail)) {
    if (isColumn(value) || isEncoded(value)) result[key] = concatenate(target[key], value);
    else if (isPlain(value)) result[key] = appended(isPlain(target[key]) ? target[key] : {}, value);
    else result[key] = value;
  }
  return result;
}

/** Deep merge of plain objects; lists and values are replaced; the original is left as it was. */
export function patch(target: Attributes, changes: Attributes): Attributes {
  const result = { ...target };
  for (const [key, value] of Object.entries(changes)) {
    const old = result[key];
    result[key] = isPlain(value) && isPlain(old) && !isEncoded(value) ? patch(old, value) : value;
  }
  return result;
}

export function isPlain(value: unknown): value is Attributes {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

function furthest(old: Record<string, number>, moved: Record<string, number>): Record<string, number> {
  const result = { ...old };
  for (const [run, seq] of Object.entries(moved)) result[run] = Math.max(result[run] ?? 0, seq);
  return result;
}

/** True when a run has moved beyond the panel's cursor in a topic that the panel draws. */
export function isBehind(
  cursors: Record<string, number>,
  topics: readonly string[],
  runs: readonly { id: string; topics: Record<string, number>; rewound_seq: number }[],
): boolean {
  return runs.some((run) => {
    const cursor = cursors[run.id] ?? 0;
    return run.rewound_seq > cursor || topics.some((topic) => (run.topics[topic] ?? 0) > cursor);
  });
}
