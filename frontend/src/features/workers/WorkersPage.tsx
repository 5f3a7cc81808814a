import { useQuery } from "@tanstack/react-query";
import { homeQuery } from "~/api/home";
import { workersQuery } from "~/api/workers";
import { Empty } from "~/components/Empty";
import { Unread } from "~/components/Unread";
import { WorkerHint } from "~/components/workers/WorkerHint";
import { duration } from "~/lib/format";
import { WorkerCard } from "./WorkerCard";
import classes from "./WorkersPage.module.css";

/** Who trains: two clocks shown apart, since a live process can stand still and a quiet one can be healthy. */
export function WorkersPage() {
  const query = useQuery(workersQuery());
  const { data } = query;
  const { data: home } = useQuery(homeQuery());
  const waiting = home?.totals.queued ?? 0;
  const alive = data?.workers.filter((worker) => worker.alive) ?? [];
  const silent = data?.workers.filter((worker) => !worker.alive) ?? [];

  return (
    <div className="page">
      <div className="page-head">
        <h1>Workers</h1>
        <span className="soft" data-testid="queue-length">
          {waiting === 0 ? "No run waits" : `${waiting} ${waiting === 1 ? "run waits" : "runs wait"}`}
        </span>
      </div>
      {!data && <Unread query={query} what="the workers" />}
      {data !== undefined && alive.length === 0 && (
        <div className={`card ${classes.empty}`}>
          <Empty title="No worker is alive" action={<WorkerHint />}>
            Launched runs wait until one is.
          </Empty>
        </div>
      )}
      <div className={classes.workers}>
        {alive.map((worker) => (
          <WorkerCard key={worker.id} worker={worker} />
        ))}
      </div>
      {data !== undefined && silent.length > 0 && (
        <>
          <h2 className={classes.silentTitle}>Silent</h2>
          <p className={`soft ${classes.silentHelp}`}>
            No sign of life for longer than {duration(data.lease_seconds)}. A run that such a worker held is taken over
            by one that lives.
          </p>
          <div className={classes.workers}>
            {silent.map((worker) => (
              <WorkerCard key={worker.id} worker={worker} />
            ))}
          </div>
        </>
      )}
      {alive.length > 0 && (
        <details className={classes.more}>
          <summary>Add another worker</summary>
          <WorkerHint />
        </details>
      )}
    </div>
  );
}
