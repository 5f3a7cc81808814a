import type { RunDetail } from "~/api/types";
import { RunDot, StatePill } from "~/components/RunBits";
import { AlertBadge } from "./AlertBadge";
import { RunActions } from "./RunActions";
import classes from "./RunHeader.module.css";
import { SteeringBar } from "./SteeringBar";

/** One line over every tab but the first: which run, how far, and the levers. */
export function StickyHeader({ run }: { run: RunDetail }) {
  return (
    <div className={classes.sticky} data-testid="run-line">
      <RunDot color={run.color} size={12} />
      <h1 className={`cut ${classes.name}`} data-testid="run-name">
        {run.name}
      </h1>
      <StatePill state={run.state} testId="run-state" />
      <span className={classes.step} data-testid="run-step">
        <span className={classes.word}>step </span>
        <strong>{run.step}</strong> / {run.total_steps}
      </span>
      <AlertBadge run={run} />
      <SteeringBar run={run} compact />
      <RunActions run={run} />
    </div>
  );
}
