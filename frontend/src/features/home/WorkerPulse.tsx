import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { workersQuery } from "~/api/workers";
import { Clocks } from "~/components/Clocks";
import { RunLink } from "~/components/RunLink";
import { Loads } from "~/components/workers/Loads";
import { WorkerHint } from "~/components/workers/WorkerHint";
import { WorkerSigns } from "~/components/workers/WorkerSigns";
import classes from "./HomePage.module.css";

/** Who does the work: alive or not, at what, and how busy. */
export function WorkerPulse() {
  const { data } = useQuery(workersQuery());
  const alive = data?.workers.filter((worker) => worker.alive) ?? [];
  const silent = (data?.workers.length ?? 0) - alive.length;
  return (
    <section aria-labelledby="home-workers" data-testid="home-workers">
      <header className={classes.title}>
        <h2 id="home-workers">Workers</h2>
        {data !== undefined && <span className="soft figures">{alive.length}</span>}
        <Link to="/workers">{silent > 0 ? `All, ${silent} silent` : "All"}</Link>
      </header>
      <div className="card">
        {data !== undefined && alive.length === 0 && (
          <div className={classes.worker} data-testid="no-worker">
            <strong>No worker is alive</strong>
            <p className="soft">Launched runs wait until one is.</p>
            <WorkerHint />
          </div>
        )}
        {alive.map((worker) => (
          <article key={worker.id} className={classes.worker}>
            <div className={classes.who}>
              <strong className="cut" title={worker.id}>
                {worker.host}
              </strong>
              <span className={classes.push}>
                <WorkerSigns worker={worker} />
              </span>
            </div>
            <Loads load={worker.load} />
            {worker.run === null ? (
              <span className="soft">Free for {worker.queues.join(", ")}</span>
            ) : (
              <>
                <RunLink run={worker.run} />
                <Clocks run={worker.run} />
              </>
            )}
          </article>
        ))}
      </div>
    </section>
  );
}
