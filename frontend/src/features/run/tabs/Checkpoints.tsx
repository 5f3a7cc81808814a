import { Button } from "@mantine/core";
import { IconGitFork } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { checkpointsQuery, forkRun, runKeys } from "~/api/runs";
import type { Checkpoint, RunDetail } from "~/api/types";
import { Empty } from "~/components/Empty";
import { ErrorBox, errorText } from "~/components/ErrorBox";
import { Loading } from "~/components/Loading";
import { notify } from "~/components/notify";
import table from "~/components/table.module.css";
import { bytes, moment } from "~/lib/format";
import { optionLabel } from "~/lib/panelSchema";

/** What is on disk, and a new run from any of it. */
export default function Checkpoints({ run }: { run: RunDetail }) {
  const { data, error, refetch } = useQuery(checkpointsQuery(run.id));
  if (error && !data) {
    return <ErrorBox title="The checkpoints could not be read" error={error} onRetry={() => void refetch()} />;
  }
  if (!data) return <Loading label="Reading the checkpoints" />;
  if (data.checkpoints.length === 0) {
    return (
      <div className="card">
        <Empty title="No checkpoint yet">
          {run.config
            ? `One is written every ${run.config.budget.checkpoint_every} steps, and when you ask for one.`
            : "This run's own trainer keeps its checkpoints."}
        </Empty>
      </div>
    );
  }
  return (
    <div className={`card ${table.wrap}`} data-testid="checkpoints-table">
      <table className={table.table}>
        <thead>
          <tr>
            <th className={table.right}>Step</th>
            <th>Why</th>
            <th className={table.right}>Size</th>
            <th>Written</th>
            <th>Folder</th>
            <th>
              <span className="visually-hidden">Fork</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {[...data.checkpoints].reverse().map((checkpoint) => (
            <Row key={checkpoint.step} checkpoint={checkpoint} run={run} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ checkpoint, run }: { checkpoint: Checkpoint; run: RunDetail }) {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const fork = useMutation({
    mutationFn: () => forkRun(run.id, checkpoint.step),
    onSuccess: async (made) => {
      void cache.invalidateQueries({ queryKey: runKeys.lists });
      await navigate({ to: "/runs/$runId", params: { runId: made.id }, search: {} as never });
    },
    onError: (error) => notify(errorText(error), "The run was not forked"),
  });
  return (
    <tr className={checkpoint.removed ? table.quiet : undefined}>
      <td className={table.right}>{checkpoint.step}</td>
      <td>{optionLabel(checkpoint.reason)}</td>
      <td className={table.right}>{bytes(checkpoint.bytes)}</td>
      <td className="nowrap">{moment(checkpoint.created_at)}</td>
      <td className="mono">{checkpoint.removed ? "removed to save space" : checkpoint.path}</td>
      <td className={table.right}>
        {!checkpoint.removed && (
          <Button
            variant="default"
            leftSection={<IconGitFork size={14} />}
            loading={fork.isPending}
            onClick={() => fork.mutate()}
            data-testid={`fork-${checkpoint.step}`}
          >
            Fork a new run from here
          </Button>
        )}
      </td>
    </tr>
  );
}
