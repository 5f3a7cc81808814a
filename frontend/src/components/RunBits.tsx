import {
  IconCircleCheck,
  IconCircleDashed,
  IconCircleX,
  IconClock,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerStop,
  IconSquare,
} from "@tabler/icons-react";
import type { RunState } from "~/api/types";
import { runColor, runShape } from "~/lib/colors";
import classes from "./RunBits.module.css";
import { useScheme } from "./useScheme";

const STATES: Record<RunState, { Icon: typeof IconClock; tone: string }> = {
  queued: { Icon: IconClock, tone: "quiet" },
  starting: { Icon: IconCircleDashed, tone: "busy" },
  running: { Icon: IconPlayerPlay, tone: "busy" },
  paused: { Icon: IconPlayerPause, tone: "warn" },
  stopping: { Icon: IconPlayerStop, tone: "warn" },
  finished: { Icon: IconCircleCheck, tone: "good" },
  stopped: { Icon: IconSquare, tone: "quiet" },
  failed: { Icon: IconCircleX, tone: "bad" },
};

/** State of a run: icon and word, never colour alone. */
export function StatePill({ state, testId }: { state: RunState; testId?: string }) {
  const { Icon, tone } = STATES[state];
  return (
    <span className={classes.pill} data-tone={tone} data-testid={testId} data-state={state}>
      <Icon size={13} stroke={2.2} aria-hidden />
      {state}
    </span>
  );
}

/** The run's colour and shape, the same everywhere. */
export function RunDot({ color, size = 10 }: { color: number; size?: number }) {
  const scheme = useScheme();
  const shape = runShape(color);
  return (
    <svg className={classes.dot} width={size} height={size} viewBox="0 0 10 10" data-shape={shape.name} aria-hidden>
      <path d={shape.path} fill={runColor(color, scheme)} />
    </svg>
  );
}

/** What the run's method is called, `method_name` of the server. */
export function MethodBadge({ name }: { name: string }) {
  return (
    <span className={`cut ${classes.method}`} title={name}>
      {name}
    </span>
  );
}

export function Progress({ step, total, label }: { step: number; total: number; label: string }) {
  return (
    <div role="progressbar" aria-label={label} aria-valuenow={step} aria-valuemin={0} aria-valuemax={total}>
      <Bar share={total > 0 ? step / total : 0} height={4} />
    </div>
  );
}

/** A share as a bar; when there is little room left, in the colour of the tone. */
export function Bar({ share, height = 6, tone }: { share: number; height?: number; tone?: "warn" | "bad" | false }) {
  return (
    <div className={classes.track} style={{ height }} data-tone={tone}>
      <div style={{ transform: `scaleX(${Math.min(1, Math.max(0, share))})` }} />
    </div>
  );
}
