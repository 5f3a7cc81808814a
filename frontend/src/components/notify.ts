import { createStore } from "~/lib/store";

export interface Toast {
  id: number;
  message: string;
  /** What failed; a toast without it is good news. */
  failure?: string;
}

const LIFETIME_MS = 6000;
let last = 0;

export const toasts = createStore<readonly Toast[]>([]);

/** Says something for a few seconds in the corner of the page. */
export function notify(message: string, failure?: string): void {
  last += 1;
  const toast = { id: last, message, failure };
  toasts.set([...toasts.get(), toast].slice(-4));
  setTimeout(() => dismiss(toast.id), LIFETIME_MS);
}

export function dismiss(id: number): void {
  toasts.set(toasts.get().filter((toast) => toast.id !== id));
}
