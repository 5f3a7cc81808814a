import { connection, pulse } from "~/api/live";
import { useStore } from "~/lib/store";
import { useNow } from "./useNow";

const DATABASE_SILENT_SECONDS = 12;

/** The moment up to which the page knows what happened, by the server's clock: it stands still while nothing is heard. */
export function useServerNow(intervalMs = 1000): number {
  const now = useNow(intervalMs);
  const { state, since } = useStore(connection);
  const { offset, readAt } = useStore(pulse);
  const here = state === "lost" ? Math.min(now, since) : now;
  const there = here + offset;
  return there - readAt > DATABASE_SILENT_SECONDS ? readAt : there;
}

/** Since when the server answers but its database does not, by this machine's clock; null when all is well. */
export function useDatabaseSilence(): number | null {
  const now = useNow();
  const { offset, readAt } = useStore(pulse);
  return now + offset - readAt > DATABASE_SILENT_SECONDS ? readAt - offset : null;
}
