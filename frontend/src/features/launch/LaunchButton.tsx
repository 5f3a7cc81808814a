import { Button } from "@mantine/core";
import { IconRocket } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { ApiError } from "~/api/client";
import { launchRun, launchSweep, type RunLabels } from "~/api/launch";
import { runKeys } from "~/api/runs";
import type { RunConfig, SweepIn } from "~/api/types";
import { ErrorBox } from "~/components/ErrorBox";
import { notify } from "~/components/notify";
import type { FieldProblem } from "~/lib/formErrors";
import classes from "./LaunchPage.module.css";

interface LaunchButtonProps {
  config: RunConfig;
  asked: Omit<SweepIn, "config">;
  labels: RunLabels;
  copiedFrom: string | undefined;
  count: number;
  /** The text in view cannot be read, so it is not what would be launched. */
  blocked: boolean;
  refused: readonly FieldProblem[];
  onSelect: (path: string) => void;
}

/** Launches, then shows the run, or the runs of a sweep side by side. */
export function LaunchButton(props: LaunchButtonProps) {
  const { config, asked, labels, copiedFrom, count, blocked, refused, onSelect } = props;
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
    onError: () => void cache.invalidateQueries({ queryKey: ["launch-plan"] }),
  });
  const shownAtFields = launch.error instanceof ApiError && launch.error.fields.length > 0;
  return (
    <div className={classes.launch}>
      {launch.error && !shownAtFields && <ErrorBox title="Nothing was launched" error={launch.error} />}
      {blocked && <p className="soft">Mend the YAML first: it is not what would be launched.</p>}
      {refused[0] && (
        <button type="button" className={`bare ${classes.refused}`} onClick={() => onSelect(refused[0]?.path ?? "")}>
          {refused.length === 1 ? "One value is refused" : `${refused.length} values are refused`}: show
          {refused.length === 1 ? " it" : " the first"}
        </button>
      )}
      <Button
        variant="filled"
        size="sm"
        fullWidth
        leftSection={<IconRocket size={16} />}
        loading={launch.isPending}
        disabled={blocked}
        onClick={() => launch.mutate()}
        data-testid="launch-submit"
      >
        {several ? `Launch ${count} ${count === 1 ? "run" : "runs"}` : "Launch run"}
      </Button>
    </div>
  );
}

/** A group's name as an entry of a comma-separated list. */
function escaped(name: string): string {
  return name.replaceAll("%", "%25").replaceAll(",", "%2C");
}
