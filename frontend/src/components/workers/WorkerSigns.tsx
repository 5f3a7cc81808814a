import { IconAlertTriangle, IconHeartbeat, IconHeartOff } from "@tabler/icons-react";
import type { Worker } from "~/api/types";
import pill from "~/components/RunBits.module.css";
import { useServerNow } from "~/components/useServerNow";
import { ago } from "~/lib/format";

const QUIET_SECONDS = 15; // seven heartbeats
const SIGNS = {
  alive: { Icon: IconHeartbeat, tone: "good" },
  late: { Icon: IconAlertTriangle, tone: "warn" },
  silent: { Icon: IconHeartOff, tone: "bad" },
};

/** Whether the worker's process gives signs of life: alive, late, or silent for longer than the lease. */
export function WorkerSigns({ worker }: { worker: Worker }) {
  const now = useServerNow();
  const late = now - worker.heartbeat_at > QUIET_SECONDS;
  const word = !worker.alive ? "silent" : late ? "late" : "alive";
  const { Icon, tone } = SIGNS[word];
  return (
    <span className={`figures ${pill.pill}`} data-tone={tone} data-testid={`signs-${worker.id}`}>
      <Icon size={13} stroke={2.2} aria-hidden />
      {word}, {ago(worker.heartbeat_at, now)}
    </span>
  );
}
