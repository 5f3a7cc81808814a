import { Button } from "@mantine/core";
import { IconArrowRight } from "@tabler/icons-react";
import type { Alert } from "~/api/types";
import { ButtonLink } from "~/components/ButtonLink";
import { RunLink } from "~/components/RunLink";
import { useNow } from "~/components/useNow";
import { ago, moment } from "~/lib/format";
import { shortModule } from "~/lib/words";
import classes from "./AlertList.module.css";
import { SeverityPill } from "./SeverityPill";
import { useMarkSeen } from "./useMarkSeen";

interface AlertListProps {
  alerts: readonly Alert[];
  /** On the run's own page its name says nothing new. */
  withRun?: boolean;
  testId: string;
}

export function AlertList({ alerts, withRun = true, testId }: AlertListProps) {
  const now = useNow(5000);
  return (
    <ul className={`list ${classes.feed}`} data-testid={testId}>
      {alerts.map((alert) => (
        <AlertItem key={alert.id} alert={alert} now={now} withRun={withRun} />
      ))}
    </ul>
  );
}

/** What happened, where, what to do; and the way there. */
function AlertItem({ alert, now, withRun }: { alert: Alert; now: number; withRun: boolean }) {
  const seen = useMarkSeen();
  return (
    <li className={classes.alert} data-seen={alert.seen_at !== null} data-testid={`alert-${alert.id}`}>
      <div className={classes.head}>
        <SeverityPill severity={alert.severity} />
        <strong>{alert.title}</strong>
        <span className={classes.state} data-holds={alert.cleared_step === null && !alert.run_ended}>
          {stateOf(alert)}
        </span>
        <time className="soft" dateTime={new Date(alert.at * 1000).toISOString()} title={moment(alert.at)}>
          {ago(alert.at, now)}
        </time>
      </div>
      <p>{alert.message}</p>
      <div className={classes.foot}>
        {withRun && <RunLink run={{ id: alert.run, name: alert.run_name, color: alert.run_color }} />}
        <ButtonLink
          to="/runs/$runId"
          params={{ runId: alert.run }}
          search={placeOf(alert)}
          resetScroll={withRun}
          rightSection={<IconArrowRight size={14} />}
          data-testid={`alert-link-${alert.id}`}
        >
          {alert.module === null
            ? `Show step ${alert.step}`
            : `Show ${shortModule(alert.module)} at step ${alert.step}`}
        </ButtonLink>
        {alert.seen_at === null ? (
          <Button
            variant="subtle"
            color="gray"
            loading={seen.isPending}
            onClick={() => seen.mutate({ ids: [alert.id] })}
            data-testid={`alert-seen-${alert.id}`}
          >
            Mark as seen
          </Button>
        ) : (
          <span className="soft">seen {ago(alert.seen_at, now)}</span>
        )}
      </div>
    </li>
  );
}

/** Whether it goes on; what is over at its own step, such as a failure, was an event. */
function stateOf({ step, cleared_step, run_ended }: Alert): string {
  if (cleared_step === null) return run_ended ? "to the end of the run" : "ongoing";
  return cleared_step === step ? `at step ${step}` : `over since step ${cleared_step}`;
}

/** Where on its run's page an alert is to be seen: its module pinned in the pictures of its step, or the health curves. */
function placeOf(alert: Pick<Alert, "step" | "module">) {
  return {
    ...(alert.step > 0 ? { "module_allocation.step": String(alert.step) } : {}),
    ...(alert.module === null ? { tab: "health" } : { module: alert.module }),
  };
}
