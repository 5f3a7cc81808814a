import { Button } from "@mantine/core";
import type { Worker } from "~/api/types";
import { forgetWorker, workersKey } from "~/api/workers";
import { Clocks } from "~/components/Clocks";
import { timeLeft } from "~/components/progress";
import { StatePill } from "~/components/RunBits";
import { RunLink } from "~/components/RunLink";
import { useAction } from "~/components/useAction";
import { useServerNow } from "~/components/useServerNow";
import { Loads } from "~/components/workers/Loads";
import { WorkerSigns } from "~/components/workers/WorkerSigns";
import { moment } from "~/lib/format";
import { LoadHistory } from "./LoadHistory";
import classes from "./WorkersPage.module.css";

/** One worker: its process, its machine, and what it trains. */
export function WorkerCard({ worker }: { worker: Worker }) {
  return (
    <section className={`card ${classes.worker}`} data-testid={`worker-${worker.id}`} data-alive={worker.alive}>
      <header className={classes.head}>
        <h2>{worker.host}</h2>
        <WorkerSigns worker={worker} />
        <span className="soft mono cut" title={worker.id}>
          {worker.id}
        </span>
      </header>
      <dl className={classes.facts}>
        <div>
          <dt>Queues</dt>
          <dd>{worker.queues.join(", ") || "none"}</dd>
        </div>
        <div>
          <dt>Process</dt>
          <dd>
            pid {worker.pid}, since {moment(worker.started_at)}
          </dd>
        </div>
      </dl>
      {worker.alive && <Loads load={worker.load} />}
      {worker.alive && <LoadHistory load={worker.load} />}
      <CurrentRun worker={worker} />
      {!worker.alive && worker.run === null && <Forget id={worker.id} />}
    </section>
  );
}

function CurrentRun({ worker: { run, alive, heartbeat_at } }: { worker: Worker }) {
  const now = useServerNow();
  if (run === null) {
    return (
      <p className={`soft ${classes.run}`}>
        {alive
          ? "Free: takes the next run that fits its queues."
          : `Silent since ${moment(heartbeat_at)}; holds no run.`}
      </p>
    );
  }
  return (
    <div className={classes.run}>
      <RunLink run={run} />
      <StatePill state={run.state} />
      <span className="soft figures">
        step {run.step} / {run.total_steps}
      </span>
      <span className="soft">{timeLeft(run, now)}</span>
      <Clocks run={run} />
    </div>
  );
}

/** A worker that was killed leaves its row behind. */
function Forget({ id }: { id: string }) {
  const forgetting = useAction(() => forgetWorker(id), "It stays on the list", workersKey);
  return (
    <Button style={{ justifySelf: "start" }} loading={forgetting.isPending} onClick={() => forgetting.mutate()}>
      Take it off the list
    </Button>
  );
}
