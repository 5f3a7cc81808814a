import { IconAlertTriangle, IconHeartbeat, IconHeartOff } from "@tabler/icons-react";
import type { Worker } from "~/api/types";
import { useServerNow } from "~/components/useServerNow";
import { ago } from "~/lib/format";
import classes from "./Workers.module.css";

const QUIET_SECONDS = 15; // seven heartbeats

/** Whether the worker's process gives signs of life: alive, late, or silent for longer than the lease. */
export function WorkerSigns({ worker }: { worker: Worker }) {
  const now = useServerNow();
  const late = now - worker.heartbeat_at > QUIET_SECONDS;
  const word = !worker.alive ? "silent" : late ? "late" : "alive";
  const Icon = { alive: IconHeartbeat, late: IconAlertTriangle, silent: IconHeartOff }[word];
  return (
    <span className={classes.signs} data-sign={word} data-testid={`signs-${worker.id}`}>
      <Icon size={13} stroke={2.2} aria-hidden />
      {word}, {ago(worker.heartbeat_at, now)}
    </span>
  );
}
