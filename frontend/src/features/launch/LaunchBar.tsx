import { Button } from "@mantine/core";
import { IconRocket } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { ApiError } from "~/api/client";
import { launchRun, launchSweep, planKey, type RunLabels } from "~/api/launch";
import { runKeys } from "~/api/runs";
import type { Plan, RunConfig, SweepIn } from "~/api/types";
import { ErrorBox } from "~/components/ErrorBox";
import { notify } from "~/components/notify";
import type { FieldProblem } from "~/lib/formErrors";
import classes from "./LaunchPage.module.css";
import { isTooLarge, memoryWords, placeWords } from "./verdict";

interface LaunchBarProps {
  config: RunConfig;
  asked: Omit<SweepIn, "config">;
  labels: RunLabels;
  copiedFrom: string | undefined;
  /** What launching would do; of the values as they were a moment ago where it is not current. */
  plan: Plan | undefined;
  /** The text in view cannot be read, so it is not what would be launched. */
  blocked: boolean;
  refused: readonly FieldProblem[];
  onSelect: (path: string) => void;
}

/** What will be launched, always in view. Launches it, then shows the run, or the runs of a sweep side by side. */
export function LaunchBar(props: LaunchBarProps) {
  const { config, asked, labels, copiedFrom, plan, blocked, refused, onSelect } = props;
  const cache = useQueryClient();
  const navigate = useNavigate();
  const several = (asked.sweep?.seeds ?? []).length > 0 || Object.keys(asked.sweep?.grid ?? {}).length > 0;
  const launch = useMutation({
    mutationFn: async () => {
      if (!several) {
        const run = await launchRun(config, labels, copiedFrom);
        cache.setQueryData(runKeys.detail(run.id), run);
        return () => navigate({ to: "/runs/$runId", params: { runId: run.id } });
      }
      const { groups, runs } = await launchSweep({
        config,
        ...asked,
        tags: labels.tags,
        notes: labels.notes,
        copied_from: copiedFrom ?? null,
      });
      notify(`${runs.length} runs are queued`);
      return () => navigate({ to: "/compare", search: { groups: groups.map(escaped).join(",") } });
    },
    onSuccess: async (goOn) => {
      void cache.invalidateQueries({ queryKey: runKeys.lists });
      await goOn();
    },
    // What the server refuses is shown at its field as soon as the plan, asked again, says so.
    onError: () => void cache.invalidateQueries({ queryKey: planKey }),
  });
  const shownAtFields = launch.error instanceof ApiError && launch.error.fields.length > 0;
  const count = plan?.runs?.length ?? 0;
  const name = several ? `${count} ${count === 1 ? "run" : "runs"}` : config.name || plan?.runs?.[0]?.name || "A run";
  const [first] = refused;
  return (
    <section className={classes.bar} aria-label="Launch" data-testid="launch-bar">
      {launch.error && !shownAtFields && <ErrorBox title="Nothing was launched" error={launch.error} />}
      <div className={classes.barLine}>
        <div className={classes.what}>
          <strong className="cut">{name}</strong>
          {blocked ? (
            <span className={classes.refused}>The YAML cannot be read: mend it first</span>
          ) : first ? (
            <button type="button" className={`bare ${classes.refused}`} onClick={() => onSelect(first.path)}>
              {refused.length === 1 ? "One value is refused" : `${refused.length} values are refused`}: show
              {refused.length === 1 ? " it" : " the first"}
            </button>
          ) : (
            plan?.workload && <Facts plan={plan} several={several} />
          )}
        </div>
        <Button
          variant="filled"
          size="sm"
          flex="none"
          leftSection={<IconRocket size={16} />}
          loading={launch.isPending}
          disabled={blocked || first !== undefined}
          onClick={() => launch.mutate()}
          data-testid="launch-submit"
        >
          {several && count > 0 ? `Launch ${name}` : several ? "Launch runs" : "Launch run"}
        </Button>
      </div>
    </section>
  );
}

function Facts({ plan, several }: { plan: Plan; several: boolean }) {
  const steps = plan.workload?.steps ?? 0;
  return (
    <span className={classes.barFacts}>
      {steps.toLocaleString("en")} {steps === 1 ? "step" : "steps"}
      {several ? " in all" : ""} ·{" "}
      <span className={isTooLarge(plan) ? classes.tooLarge : undefined} data-testid="launch-memory">
        {memoryWords(plan)}
      </span>{" "}
      · {placeWords(plan)}
    </span>
  );
}

/** A group's name as an entry of a comma-separated list. */
function escaped(name: string): string {
  return name.replaceAll("%", "%25").replaceAll(",", "%2C");
}
