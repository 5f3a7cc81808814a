import { useQuery } from "@tanstack/react-query";
import { historyQuery } from "~/api/runs";
import type { RunDetail, RunHistory } from "~/api/types";
import { Empty } from "~/components/Empty";
import { ErrorBox } from "~/components/ErrorBox";
import { Loading } from "~/components/Loading";
import { StatePill } from "~/components/RunBits";
import table from "~/components/table.module.css";
import { duration, moment } from "~/lib/format";
import { outcome } from "../SteeringBar";
import { commandLabel, withArguments } from "../steering";
import classes from "./Steering.module.css";

/** Who asked for what, what the trainer did; which attempts there were; every state the run was in. */
export default function Steering({ run }: { run: RunDetail }) {
  const { data, error, refetch } = useQuery(historyQuery(run.id));
  if (error && !data)
    return <ErrorBox title="The history could not be read" error={error} onRetry={() => void refetch()} />;
  if (!data) return <Loading label="Reading the history" />;
  return (
    <div className={classes.columns}>
      <Commands commands={data.commands} />
      <Attempts attempts={data.attempts} />
      <Changes changes={data.changes} />
    </div>
  );
}

function Commands({ commands }: Pick<RunHistory, "commands">) {
  return (
    <section className="card" data-testid="audit">
      <h2 className={classes.title}>Commands</h2>
      {commands.length === 0 && <Empty title="Nobody has steered this run" />}
      {commands.length > 0 && (
        <div className={table.wrap}>
          <table className={table.table}>
            <thead>
              <tr>
                <th>Asked</th>
                <th>What</th>
                <th>By</th>
                <th>At steps</th>
                <th>What came of it</th>
              </tr>
            </thead>
            <tbody>
              {[...commands].reverse().map((command) => (
                <tr key={command.id}>
                  <td className="nowrap">{moment(command.created_at)}</td>
                  <td>
                    {commandLabel(command.command)}
                    {withArguments(command)}
                  </td>
                  <td>{command.actor}</td>
                  <td className="nowrap">
                    asked after {command.asked_step ?? "–"}, obeyed at {command.obeyed_step ?? "–"}
                  </td>
                  <td>
                    {command.done_at === null
                      ? outcome(command)
                      : `${command.ok ? "done" : "refused"} after ${duration(command.done_at - command.created_at)}: ${command.result ?? ""}`}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Attempts({ attempts }: Pick<RunHistory, "attempts">) {
  return (
    <section className="card">
      <h2 className={classes.title}>Attempts</h2>
      {attempts.length === 0 && <Empty title="No worker has taken it yet" />}
      {attempts.length > 0 && (
        <div className={table.wrap}>
          <table className={table.table}>
            <thead>
              <tr>
                <th className={table.right}>#</th>
                <th>Worker</th>
                <th>Began</th>
                <th>From</th>
                <th>Ended</th>
              </tr>
            </thead>
            <tbody>
              {[...attempts].reverse().map((attempt) => (
                <tr key={attempt.number}>
                  <td className={table.right}>{attempt.number}</td>
                  <td>{attempt.worker_id}</td>
                  <td className="nowrap">{moment(attempt.started_at)}</td>
                  <td className="nowrap">
                    {attempt.resumed_from === null ? "the beginning" : `checkpoint at step ${attempt.resumed_from}`}
                  </td>
                  <td>
                    {attempt.ended_at === null ? "goes on" : `${moment(attempt.ended_at)}: ${attempt.outcome ?? ""}`}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Changes({ changes }: Pick<RunHistory, "changes">) {
  return (
    <section className="card">
      <h2 className={classes.title}>States</h2>
      <ol className={classes.changes}>
        {[...changes].reverse().map((change) => (
          <li key={`${change.at} ${change.to_state}`}>
            <span className="soft nowrap">{moment(change.at)}</span>
            <StatePill state={change.to_state} />
            <span>{change.reason}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
