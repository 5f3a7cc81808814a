/** What a plan comes down to, in a few words. */
import type { Plan } from "~/api/types";
import { bytes } from "~/lib/format";

/** Whether a run needs more memory than the largest machine has that would take it; null where either is not known. */
export function isTooLarge({ footprint, place }: Plan): boolean | null {
  const total = place?.memory_total ?? null;
  return footprint == null || total === null ? null : footprint.memory_bytes > total;
}

export function memoryWords(plan: Plan): string {
  const { footprint, place } = plan;
  if (footprint == null) return "memory not known";
  const needed = `about ${bytes(footprint.memory_bytes)} of memory`;
  const tooLarge = isTooLarge(plan);
  if (tooLarge === null) return needed;
  const total = bytes(place?.memory_total ?? 0);
  return tooLarge ? `too large: ${needed}, the machine has ${total}` : `fits: ${needed}, the machine has ${total}`;
}

/** When it would begin. */
export function placeWords({ place }: Plan): string {
  if (place == null) return "";
  if (place.workers.length === 0) return "no worker is alive for it: it waits until one starts";
  if (place.queued_before > 0) return `${place.queued_before} waiting before it`;
  return place.free_workers > 0 ? "starts at once" : "starts after the run in progress";
}
