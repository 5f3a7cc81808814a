import { Button } from "@mantine/core";
import type { Home, RunError } from "~/api/types";
import { ButtonLink } from "~/components/ButtonLink";
import { useCommand } from "~/components/commands/useCommand";
import { MethodBadge } from "~/components/RunBits";
import { RunLink } from "~/components/RunLink";
import { useServerNow } from "~/components/useServerNow";
import { ago, moment } from "~/lib/format";
import { spaced } from "~/lib/words";
import classes from "./HomePage.module.css";

/** What failed: why, where, and the ways on from there. */
export function FailedRuns({ rows }: { rows: Home["failed"] }) {
  return (
    <div className="card">
      {rows.map((row) => (
        <FailedRun key={row.run.id} {...row} />
      ))}
    </div>
  );
}

function FailedRun({ run, resumes_from }: Home["failed"][number]) {
  const now = useServerNow(10_000);
  const command = useCommand(run.id);
  const error = (run.error ?? null) as RunError | null;
  const label = resumes_from === null ? "Start it again" : `Resume from the checkpoint at step ${resumes_from}`;
  return (
    <article className={classes.failed} data-testid={`failed-${run.id}`}>
      <div className={classes.who}>
        <RunLink run={run} />
        <MethodBadge name={run.method_name} />
        <span className="soft nowrap figures">
          at step {run.step} of {run.total_steps}
        </span>
      </div>
      <span className="soft nowrap" title={moment(run.ended_at)}>
        {ago(run.ended_at, now)}
      </span>
      <p>
        {error && <strong className={classes.kind}>{spaced(error.error)}:</strong>}{" "}
        {error?.detail ?? "No reason was recorded; read the end of the log."}
        {error?.where && error.where !== run.id && <span className="soft mono"> {error.where}</span>}
      </p>
      <div className={classes.ways}>
        {run.begin_again && (
          <Button loading={command.isPending} onClick={() => command.mutate({ command: "resume" })}>
            {label}
          </Button>
        )}
        {run.kind === "trained" && (
          <ButtonLink to="/launch" search={{ clone: run.id }}>
            Edit and relaunch
          </ButtonLink>
        )}
        <ButtonLink to="/runs/$runId" params={{ runId: run.id }} search={{ tab: "logs" }} variant="subtle">
          Read the log
        </ButtonLink>
      </div>
    </article>
  );
}
