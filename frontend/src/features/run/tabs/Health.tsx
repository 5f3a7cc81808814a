import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { runAlertsQuery } from "~/api/alerts";
import type { RunDetail } from "~/api/types";
import { AlertList } from "~/components/alerts/AlertList";
import { useMarkSeen } from "~/components/alerts/useMarkSeen";
import { Empty } from "~/components/Empty";
import { ErrorBox } from "~/components/ErrorBox";
import { Loading } from "~/components/Loading";
import { Panel } from "~/components/panel/Panel";
import { useView } from "~/components/useView";
import classes from "../RunPage.module.css";

const VIEWS: readonly [string, string][] = [
  ["overlap", "Overlap of the top 16 with the teacher"],
  ["entropy", "Entropies, and the gap between them"],
  ["advantage", "Advantage on the overlap"],
  ["length", "Cut and repetitive responses"],
  ["kl", "Reverse KL on the batch"],
  ["gradient", "Gradient norm before clipping"],
];

const OF_A_TEACHER = new Set(["overlap", "advantage", "kl"]);

/** The curves that tell whether the distillation is healthy, with the steps of alerts marked; and the alerts. */
export default function Health({ run }: { run: RunDetail }) {
  const runs = useMemo(() => [run], [run]);
  const [, change] = useView();
  return (
    <div className={classes.health}>
      <div className={classes.healthCurves}>
        {VIEWS.map(([view, title]) => (
          <Panel
            key={view}
            name="health"
            title={title}
            runs={runs}
            fixed={{ view }}
            primary={null}
            height={200}
            testId={`panel-health-${view}`}
            emptyHint={emptyHint(run, view)}
            onPointClick={({ customdata }) => {
              if (!Array.isArray(customdata) || typeof customdata[1] !== "number") return;
              const [module, step] = customdata;
              change({ "module_allocation.step": String(step), ...(module ? { module: String(module) } : {}) });
            }}
          />
        ))}
      </div>
      <RunAlerts run={run} />
    </div>
  );
}

function emptyHint(run: RunDetail, view: string): string {
  if (!OF_A_TEACHER.has(view)) return "It comes with the first step.";
  if (run.teacher === "") return "This run has no teacher to compare with.";
  const remote = run.config?.teacher.kind === "remote";
  return remote ? "A remote teacher tells too little of its distribution for this." : "It comes with the first step.";
}

function RunAlerts({ run }: { run: RunDetail }) {
  const { data, error, refetch } = useQuery(runAlertsQuery(run.id));
  const seen = useMarkSeen();
  if (error && !data)
    return <ErrorBox title="The alerts could not be read" error={error} onRetry={() => void refetch()} />;
  if (!data) return <Loading label="Reading the alerts" />;
  if (data.alerts.length === 0) {
    return (
      <div className="card">
        <Empty title="No alert on this run">
          Every step is checked for the known failure signatures and for your rules.
        </Empty>
      </div>
    );
  }
  const unseen = data.alerts.filter((alert) => alert.seen_at === null).length;
  return (
    <section aria-label="Alerts of this run">
      {unseen > 1 && (
        <div className={classes.toolbar}>
          <Button loading={seen.isPending} onClick={() => seen.mutate({ run: run.id })}>
            Mark these {unseen} as seen
          </Button>
        </div>
      )}
      <AlertList alerts={data.alerts} withRun={false} testId="run-alerts" />
      {data.total > data.alerts.length && (
        <p className="soft">
          Showing the newest {data.alerts.length} of {data.total}.
        </p>
      )}
    </section>
  );
}
