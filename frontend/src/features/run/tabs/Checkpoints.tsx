import { useQuery } from "@tanstack/react-query";
import { checkpointsQuery } from "~/api/runs";
import type { Checkpoint, RunDetail } from "~/api/types";
import { Empty } from "~/components/Empty";
import { ErrorBox } from "~/components/ErrorBox";
import { Loading } from "~/components/Loading";
import table from "~/components/table.module.css";
import { bytes, fixed, moment, percent } from "~/lib/format";
import { optionLabel } from "~/lib/panelSchema";
import { ForkButton } from "../ForkButton";

const METRICS: Record<string, string> = {
  "eval/accuracy": "Held-out accuracy",
  "eval/reverse_kl": "Held-out KL [nats/token]",
};

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
  const kept = data.checkpoints.filter((checkpoint) => !checkpoint.removed);
  const size = kept.reduce((sum, checkpoint) => sum + checkpoint.bytes, 0);
  return (
    <div className={`card ${table.wrap}`} data-testid="checkpoints-table">
      <p className={table.caption}>
        {kept.length} of {data.checkpoints.length} on disk, {bytes(size)}
        {run.config !== null &&
          `; the newest ${run.config.budget.keep_checkpoints} stay${run.config.selection.keep_best ? ", the best one" : ""}, and those that unfinished forks still have to load`}
        .
      </p>
      <table className={table.table}>
        <thead>
          <tr>
            <th className={table.right}>Step</th>
            <th>Why</th>
            {data.metric !== null && <th className={table.right}>{METRICS[data.metric] ?? data.metric}</th>}
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
            <Row key={checkpoint.step} checkpoint={checkpoint} run={run} metric={data.metric} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ checkpoint, run, metric }: { checkpoint: Checkpoint; run: RunDetail; metric: string | null }) {
  return (
    <tr className={checkpoint.removed ? table.quiet : undefined} data-testid={`checkpoint-${checkpoint.step}`}>
      <td className={table.right}>{checkpoint.step}</td>
      <td>{optionLabel(checkpoint.reason)}</td>
      {metric !== null && (
        <td className={table.right} data-best={checkpoint.best || undefined}>
          {checkpoint.best && "best: "}
          {metric === "eval/accuracy" ? percent(checkpoint.held_out) : fixed(checkpoint.held_out, 4)}
        </td>
      )}
      <td className={table.right}>{bytes(checkpoint.bytes)}</td>
      <td className="nowrap">{moment(checkpoint.created_at)}</td>
      <td className="mono">{checkpoint.removed ? "removed to save space" : checkpoint.path}</td>
      <td className={table.right}>
        {!checkpoint.removed && (
          <ForkButton runId={run.id} step={checkpoint.step} testId={`fork-${checkpoint.step}`}>
            Fork from here
          </ForkButton>
        )}
      </td>
    </tr>
  );
}
