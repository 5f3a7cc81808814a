import { createStore } from "~/lib/store";

const KEY = "opdboard.user";

/** The name that goes into the audit trail beside "web"; nothing more than what the user says. */
export const userName = createStore(localStorage.getItem(KEY) ?? "");

export function writeUserName(name: string): void {
  localStorage.setItem(KEY, name);
  userName.set(name);
}
