import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { runListQuery } from "~/api/runs";
import type { RunSummary, Worker } from "~/api/types";
import { workersQuery } from "~/api/workers";
import { Empty } from "~/components/Empty";
import { ErrorBox } from "~/components/ErrorBox";
import { Loading } from "~/components/Loading";
import { RunDot, StatePill } from "~/components/RunBits";
import { useNow } from "~/components/useNow";
import { ago, bytes, moment } from "~/lib/format";
import classes from "./WorkersPage.module.css";

/** Who trains: two clocks shown apart, since a live process can stand still and a quiet one can be healthy. */
export function WorkersPage() {
  const { data, error, refetch } = useQuery(workersQuery());
  const { data: list } = useQuery(runListQuery());
  const now = useNow();
  const waiting = list?.runs.filter((run) => run.state === "queued") ?? [];

  return (
    <div className="page">
      <div className="page-head">
        <h1>Workers</h1>
        <span className="soft" data-testid="queue-length">
          {waiting.length === 0
            ? "No run waits"
            : `${waiting.length} ${waiting.length === 1 ? "run waits" : "runs wait"}`}
        </span>
      </div>
      {error && <ErrorBox title="The workers could not be read" error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Loading label="Reading the workers" />}
      {data?.workers.length === 0 && (
        <div className="card">
          <Empty title="No worker has reported">
            Launched runs wait until one does. <span className="mono">opdboard up</span> starts one on this machine.
          </Empty>
        </div>
      )}
      <div className={classes.workers}>
        {data?.workers.map((worker) => (
          <WorkerCard
            key={worker.id}
            worker={worker}
            run={list?.runs.find(({ id }) => id === worker.run_id)}
            now={now}
          />
        ))}
      </div>
    </div>
  );
}

interface WorkerCardProps {
  worker: Worker;
  run: RunSummary | undefined;
  now: number;
}

function WorkerCard({ worker, run, now }: WorkerCardProps) {
  return (
    <section className={`card ${classes.worker}`} data-testid={`worker-${worker.id}`}>
      <header className={classes.head}>
        <h2>{worker.host}</h2>
        <span className={classes.alive} data-alive={worker.alive}>
          {worker.alive ? "alive" : "silent"}
        </span>
        <span className="soft mono">{worker.id}</span>
      </header>
      <dl className={classes.facts}>
        <Fact name="Process alive" value={ago(worker.heartbeat_at, now)} warn={!worker.alive} />
        <Fact name="Training progressed" value={run ? ago(run.progressed_at, now) : "no run"} />
        <Fact name="Queues" value={worker.queues.join(", ") || "none"} />
        <Fact name="Process" value={`pid ${worker.pid}, since ${moment(worker.started_at)}`} />
      </dl>
      <Loads load={worker.load} />
      <div className={classes.run}>
        {run ? (
          <>
            <RunDot color={run.color} />
            <Link to="/runs/$runId" params={{ runId: run.id }}>
              {run.name}
            </Link>
            <StatePill state={run.state} />
            <span className="soft">
              step {run.step} / {run.total_steps}
            </span>
          </>
        ) : (
          <span className="soft">
            {worker.alive ? "Free: takes the next run that fits its queues." : "Holds no run."}
          </span>
        )}
      </div>
    </section>
  );
}

function Fact({ name, value, warn = false }: { name: string; value: string; warn?: boolean }) {
  return (
    <div data-warn={warn}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

interface Gpu {
  name?: string;
  utilisation?: number;
  utilization?: number;
  memory_used?: number;
  memory_total?: number;
}

function Loads({ load }: { load: Worker["load"] }) {
  const cpu = typeof load.cpu === "number" ? load.cpu : null;
  const used = typeof load.memory_used === "number" ? load.memory_used : null;
  const total = typeof load.memory_total === "number" ? load.memory_total : null;
  const gpus = Array.isArray(load.gpus) ? (load.gpus as Gpu[]) : [];
  return (
    <div className={classes.loads}>
      {cpu !== null && <Load name="CPU" share={cpu} text={`${Math.round(cpu * 100)} %`} />}
      {used !== null && total !== null && (
        <Load name="Memory" share={used / total} text={`${bytes(used)} of ${bytes(total)}`} />
      )}
      {gpus.map((gpu, index) => {
        const share = gpu.utilisation ?? gpu.utilization ?? (gpu.memory_used ?? 0) / (gpu.memory_total ?? 1);
        const memory = gpu.memory_total ? `${bytes(gpu.memory_used)} of ${bytes(gpu.memory_total)}` : "";
        // biome-ignore lint/suspicious/noArrayIndexKey: a GPU is its number
        return <Load key={index} name={gpu.name ?? `GPU ${index}`} share={share} text={memory} />;
      })}
    </div>
  );
}

function Load({ name, share, text }: { name: string; share: number; text: string }) {
  return (
    <div className={classes.load}>
      <span className="soft">{name}</span>
      <div className={classes.bar}>
        <div style={{ transform: `scaleX(${Math.min(1, Math.max(0, share))})` }} />
      </div>
      <span>{text}</span>
    </div>
  );
}
