/** Notifications of the browser when a run ends while the page is not looked at; asked for in the settings, per browser. */

import { fixed, percent } from "~/lib/format";
import { runEnds } from "~/lib/runEnds";
import { createStore } from "~/lib/store";
import type { RunSummary } from "./types";

const KEY = "opdboard.notices";

/** Whether they were asked for; the browser has its own say, see `noticesAllowed`. */
export const noticesWanted = createStore(localStorage.getItem(KEY) === "on");

/** Null where the browser has none, as on a page of another machine without https. */
export function noticesAllowed(): NotificationPermission | null {
  return typeof Notification === "undefined" || !window.isSecureContext ? null : Notification.permission;
}

/** Switches them; the browser asks the reader the first time. */
export async function wantNotices(wanted: boolean): Promise<void> {
  const granted = wanted && (await Notification.requestPermission()) === "granted";
  localStorage.setItem(KEY, granted ? "on" : "off");
  noticesWanted.set(granted);
}

/** Takes reports of runs and tells of those that have ended; open: shows a run's page. */
export function runEndNotices(open: (id: string) => void): (runs: readonly RunSummary[]) => void {
  const ended = runEnds();
  return (runs) => {
    const now = ended(runs);
    if (!document.hidden || !noticesWanted.get() || noticesAllowed() !== "granted") return;
    for (const run of now) {
      const notice = noticeOf(run);
      if (notice === null) return;
      notice.onclick = () => {
        window.focus();
        open(run.id);
        notice.close();
      };
    }
  };
}

/** Null where the browser has the interface but, as on Android, no such notifications: news of runs go on without. */
function noticeOf(run: RunSummary): Notification | null {
  try {
    // Several tabs say the same of a run: one tag, one notification.
    return new Notification(`${run.name} ${run.state}`, { body: bodyOf(run), tag: `opdboard ${run.id}` });
  } catch {
    return null;
  }
}

function bodyOf(run: RunSummary): string {
  const detail = run.error?.detail;
  if (run.state === "failed") return typeof detail === "string" ? detail : "No reason was recorded.";
  const { "eval/reverse_kl": kl, "eval/accuracy": accuracy } = run.latest;
  const reached = [
    kl == null ? "" : `held-out KL ${fixed(kl, 3)}`,
    accuracy == null ? "" : `accuracy ${percent(accuracy)}`,
  ];
  return [`Step ${run.step} of ${run.total_steps}`, ...reached].filter((part) => part !== "").join(", ");
}
