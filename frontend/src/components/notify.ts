import { createStore } from "~/lib/store";
import type { View } from "./useView";

/** A place on a run's page. */
export interface Place {
  runId: string;
  search: View;
}

export interface Toast {
  id: number;
  message: string;
  /** What failed; a toast without it is good news. */
  failure?: string;
  /** Where what happened is to be seen. */
  place?: Place;
}

const LIFETIME_MS = 6000;
let last = 0;

export const toasts = createStore<readonly Toast[]>([]);

/** Says something for a few seconds in the corner of the page. */
export function notify(message: string, failure?: string, place?: Place): void {
  last += 1;
  const toast = { id: last, message, failure, place };
  toasts.set([...toasts.get(), toast].slice(-4));
  setTimeout(() => dismiss(toast.id), LIFETIME_MS);
}

export function dismiss(id: number): void {
  toasts.set(toasts.get().filter((toast) => toast.id !== id));
}
