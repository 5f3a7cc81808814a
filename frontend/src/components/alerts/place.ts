import type { Alert } from "~/api/types";
import type { Search } from "~/lib/urlParams";

/** Where on its run's page an alert is to be seen: the pictures at its step, its module pinned, the health curves open. */
export function placeOf(alert: Pick<Alert, "step" | "module">): Search {
  return {
    tab: "health",
    ...(alert.step > 0 ? { "module_allocation.step": String(alert.step) } : {}),
    ...(alert.module === null ? {} : { module: alert.module }),
  };
}
