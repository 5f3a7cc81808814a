import { alertKeys, markSeen } from "~/api/alerts";
import { useAction } from "~/components/useAction";

/** Marks alerts as seen: some, those of a run, or (nothing given) all. */
export const useMarkSeen = () => useAction(markSeen, "Not marked as seen", alertKeys.all);
