import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { runPageQuery } from "~/api/runs";
import type { RunSummary } from "~/api/types";
import { Empty } from "~/components/Empty";
import { Progress, StatePill } from "~/components/RunBits";
import { Table } from "~/components/Table";
import { TransferLine } from "~/components/TransferLine";
import { Unread } from "~/components/Unread";
import { moment } from "~/lib/format";
import classes from "./AnalysePage.module.css";

const JOBS = { query: "kind = import or kind = analysis", sort: "-created", columns: "", first: "", moving: true };

/** Imports, and what was asked of runs' weights, the newest first. */
export function RecentJobs() {
  const query = useQuery(runPageQuery(JOBS, 0));
  if (!query.data) return <Unread what="the imports" query={query} />;
  const { runs } = query.data;
  return (
    <section className={classes.recent} data-testid="recent-jobs">
      <h2>What was asked for</h2>
      {runs.length === 0 ? (
        <Empty card title="Nothing yet">
          Checkpoint series that are measured here, and evaluations, interventions and exports asked for on a run&apos;s
          page, are listed here.
        </Empty>
      ) : (
        <Table
          label="What was asked for"
          className="card"
          rows={runs}
          keyOf={({ id }) => id}
          columns={[
            {
              head: "Name",
              cell: ({ id, name }) => (
                <Link to="/runs/$runId" params={{ runId: id }}>
                  {name}
                </Link>
              ),
            },
            { head: "State", cell: ({ state }) => <StatePill state={state} /> },
            { head: "Done", className: classes.done, cell: done },
            { head: "Asked for", className: "nowrap", cell: ({ created_at }) => moment(created_at) },
          ]}
        />
      )}
    </section>
  );
}

function done({ kind, name, step, total_steps: total, transfer }: RunSummary) {
  if (transfer !== null) return <TransferLine transfer={transfer} />;
  return (
    <>
      {kind === "import" ? `step ${step} of ${total}` : `${step} of ${total}`}
      <Progress step={step} total={total} label={`${name}: done`} />
    </>
  );
}
