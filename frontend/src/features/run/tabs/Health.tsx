import { Button, SimpleGrid } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { runAlertsQuery } from "~/api/alerts";
import type { RunDetail } from "~/api/types";
import { AlertList } from "~/components/alerts/AlertList";
import { useMarkSeen } from "~/components/alerts/useMarkSeen";
import { Empty } from "~/components/Empty";
import { Panel } from "~/components/panel/Panel";
import { Unread } from "~/components/Unread";
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
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        {VIEWS.map(([view, title]) => (
          <Panel
            key={view}
            name="health"
            title={title}
            runs={runs}
            hideEmpty={run.state === "failed"}
            fixed={{ view }}
            linked="health"
            primary={null}
            height={200}
            testId={`panel-health-${view}`}
            emptyHint={emptyHint(run, view)}
            onPointClick={({ customdata }) => {
              if (!Array.isArray(customdata) || typeof customdata[1] !== "number") return;
              const [module, step] = customdata;
              change({
                "module_allocation.step": String(step),
                ...(module ? { tab: undefined, module: String(module) } : {}),
              });
            }}
          />
        ))}
      </SimpleGrid>
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
  const query = useQuery(runAlertsQuery(run.id));
  const seen = useMarkSeen();
  if (!query.data) return <Unread what="the alerts" query={query} />;
  const { alerts, total } = query.data;
  if (alerts.length === 0) {
    return (
      <Empty card title="No alert on this run">
        Every step is checked for the known failure signatures and for your rules.
      </Empty>
    );
  }
  const unseen = alerts.filter((alert) => alert.seen_at === null).length;
  return (
    <section aria-label="Alerts of this run">
      {unseen > 1 && (
        <Button mb={12} loading={seen.isPending} onClick={() => seen.mutate({ run: run.id })}>
          Mark these {unseen} as seen
        </Button>
      )}
      <AlertList alerts={alerts} withRun={false} testId="run-alerts" />
      {total > alerts.length && (
        <p className="soft">
          Showing the newest {alerts.length} of {total}.
        </p>
      )}
    </section>
  );
}
