import type { Home } from "~/api/types";
import { MethodBadge } from "~/components/RunBits";
import { RunLink } from "~/components/RunLink";
import { useServerNow } from "~/components/useServerNow";
import { duration } from "~/lib/format";
import classes from "./HomePage.module.css";

/** Queued runs in the order of the line, each with what it waits for. */
export function WaitingRuns({ rows }: { rows: Home["waiting"] }) {
  const now = useServerNow();
  return (
    <ul className="card list">
      {rows.map(({ run, reason, detail, resumes_from }) => (
        <li key={run.id} className={classes.row} data-testid={`waiting-${run.id}`} data-reason={reason}>
          <RunLink run={run} />
          <MethodBadge name={run.method_name} />
          <span className={classes.reason}>
            {detail}
            {resumes_from !== null && <span className="soft"> Goes on from step {resumes_from}.</span>}
          </span>
          <span className="soft nowrap figures">
            created {duration(Math.max(0, Math.round(now - run.created_at)))} ago
          </span>
        </li>
      ))}
    </ul>
  );
}
