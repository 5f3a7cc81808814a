import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { runAlertsQuery } from "~/api/alerts";
import type { Alert, RunDetail } from "~/api/types";
import { notify } from "~/components/notify";
import pill from "~/components/RunBits.module.css";
import classes from "./RunHeader.module.css";

/** How many alerts of the run hold or wait to be seen, and the way to them; says so when a new one comes. */
export function AlertBadge({ run }: { run: RunDetail }) {
  const { data } = useQuery(runAlertsQuery(run.id));
  const alerts = data?.alerts;
  useNews(alerts);
  const open = alerts?.filter((alert) => alert.cleared_step === null || alert.seen_at === null) ?? [];
  if (open.length === 0) return null;
  const critical = open.some((alert) => alert.severity === "critical");
  return (
    <Link
      to="/runs/$runId"
      params={{ runId: run.id }}
      search={(before) => ({ ...before, tab: "health" })}
      resetScroll={false}
      className={`${pill.pill} ${classes.badge}`}
      data-tone={critical ? "bad" : "warn"}
      data-testid="alert-badge"
    >
      {open.length === 1 ? "1 alert" : `${open.length} alerts`}
    </Link>
  );
}

/** A toast for each alert that was not there when the page was opened. */
function useNews(alerts: readonly Alert[] | undefined) {
  const newest = useRef<number | null>(null);
  useEffect(() => {
    if (alerts === undefined) return;
    const before = newest.current;
    newest.current = Math.max(before ?? 0, ...alerts.map(({ id }) => id));
    if (before === null) return;
    for (const alert of alerts.filter(({ id }) => id > before)) {
      notify(alert.message, `${alert.title} at step ${alert.step}`);
    }
  }, [alerts]);
}
