import { createStore } from "~/lib/store";

const KEY = "opdboard.token";

/** True while the server refuses us for want of a bearer token. */
export const tokenAsked = createStore(false);

export function readToken(): string {
  return sessionStorage.getItem(KEY) ?? "";
}

/** Kept for this tab only. */
export function writeToken(token: string): void {
  sessionStorage.setItem(KEY, token);
  tokenAsked.set(false);
}

export function authHeaders(): Record<string, string> {
  const token = readToken();
  return token === "" ? {} : { Authorization: `Bearer ${token}` };
}
