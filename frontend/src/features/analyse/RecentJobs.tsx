import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { runPageQuery } from "~/api/runs";
import { Empty } from "~/components/Empty";
import { ErrorBox } from "~/components/ErrorBox";
import { Loading } from "~/components/Loading";
import { Progress, StatePill } from "~/components/RunBits";
import table from "~/components/table.module.css";
import { moment } from "~/lib/format";
import classes from "./AnalysePage.module.css";

const JOBS = { query: "kind = import or kind = analysis", sort: "-created", columns: "", moving: true };

/** Imports and analyses of runs, the newest first. */
export function RecentJobs() {
  const { data, error, refetch } = useQuery(runPageQuery(JOBS, 0));
  if (error && !data)
    return <ErrorBox title="The analyses could not be read" error={error} onRetry={() => void refetch()} />;
  if (!data) return <Loading label="Reading the analyses" />;
  return (
    <section className={classes.recent} data-testid="recent-jobs">
      <h2>What was analysed</h2>
      {data.runs.length === 0 ? (
        <div className="card">
          <Empty title="Nothing yet">
            Checkpoint series that are measured here, and the analyses asked for on a run&apos;s page, are listed here.
          </Empty>
        </div>
      ) : (
        <div className={`card ${table.wrap}`}>
          <table className={table.table}>
            <thead>
              <tr>
                <th>Name</th>
                <th>State</th>
                <th>Done</th>
                <th>Asked for</th>
              </tr>
            </thead>
            <tbody>
              {data.runs.map((job) => (
                <tr key={job.id}>
                  <td>
                    <Link to="/runs/$runId" params={{ runId: job.id }}>
                      {job.name}
                    </Link>
                  </td>
                  <td>
                    <StatePill state={job.state} />
                  </td>
                  <td className={classes.done}>
                    {job.kind === "import"
                      ? `step ${job.step} of ${job.total_steps}`
                      : `${job.step} of ${job.total_steps} variants`}
                    <Progress step={job.step} total={job.total_steps} label={`${job.name}: done`} />
                  </td>
                  <td className="nowrap">{moment(job.created_at)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
