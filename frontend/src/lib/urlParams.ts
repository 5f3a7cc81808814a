/** View state lives in the URL as plain strings: `?state=running&module_allocation.step=12`. */

export type Search = Record<string, string>;
/** One in which keys may be absent. */
export type Asked = Readonly<Record<string, string | undefined>>;

export function parseSearch(text: string): Search {
  const search: Search = {};
  for (const [key, value] of new URLSearchParams(text)) search[key] = value;
  return search;
}

/** Commas, dots, colons and slashes stay readable. */
export function stringifySearch(search: Record<string, unknown>): string {
  const parts = Object.entries(search)
    .filter(([, value]) => value !== undefined && value !== null && value !== "")
    .map(([key, value]) => `${readable(key)}=${readable(String(value))}`);
  return parts.length > 0 ? `?${parts.join("&")}` : "";
}

function readable(text: string): string {
  return encodeURIComponent(text)
    .replace(/%2C/g, ",")
    .replace(/%2F/g, "/")
    .replace(/%3A/g, ":")
    .replace(/%40/g, "@")
    .replace(/%20/g, "+");
}

/** A search with changes; undefined and "" remove a key. */
export function changed<T extends Asked>(search: T, changes: Partial<T>): T {
  return Object.fromEntries(Object.entries({ ...search, ...changes }).filter(([, value]) => value)) as T;
}

/** The part of the search that belongs to one panel, without its prefix. */
export function panelParams(search: Asked, panel: string): Search {
  const prefix = `${panel}.`;
  const own = Object.entries(search).filter(([key]) => key.startsWith(prefix));
  return Object.fromEntries(
    own.flatMap(([key, value]) => (value === undefined ? [] : [[key.slice(prefix.length), value]])),
  );
}

export function list(text: string | undefined): string[] {
  return (text ?? "").split(",").filter((part) => part !== "");
}

export function integer(text: string | undefined): number | null {
  if (text === undefined || !/^-?\d+$/.test(text)) return null;
  return Number(text);
}

export function real(text: string | undefined, fallback: number): number {
  const value = text === undefined || text.trim() === "" ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : fallback;
}

export function oneOf<T extends string>(text: string | undefined, choices: readonly T[], fallback: T): T {
  return choices.find((choice) => choice === text) ?? fallback;
}

export function flag(text: string | undefined, fallback = false): boolean {
  return text === undefined ? fallback : text === "1" || text === "true";
}
