import type { PromptPoint } from "~/api/types";
import { number, percent } from "~/lib/format";
import classes from "./Samples.module.css";

/** Mean KL of one prompt's responses over the steps; a filled dot is a correct response, a hollow one a wrong one. */
export function PromptCurve({ points }: { points: readonly PromptPoint[] }) {
  const last = Math.max(1, ...points.map(({ step }) => step));
  const top = Math.max(1e-9, ...points.map(({ mean_kl }) => mean_kl ?? 0));
  const drawn = points.flatMap(({ step, mean_kl, correct }) =>
    mean_kl === null
      ? []
      : [{ step, mean_kl, correct, x: (100 * step) / last, y: 100 * (1 - Math.max(0, mean_kl) / top) }],
  );
  const judged = points.filter(({ correct }) => correct !== null);
  const right = judged.filter(({ correct }) => correct).length;
  return (
    <figure className={`card ${classes.spark}`} data-testid="prompt-curve">
      <div className={classes.sparkEnds}>
        <span>mean KL to the teacher, 0 to {number(top, 3)} nats/token</span>
        {judged.length > 0 && (
          <span>
            {right} of {judged.length} correct ({percent(right / judged.length, 0)}); ● correct, ○ wrong
          </span>
        )}
      </div>
      <div className={classes.sparkArea} role="img" aria-label={spoken(points)}>
        <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden>
          <path
            d={drawn.map(({ x, y }, index) => `${index === 0 ? "M" : "L"}${x.toFixed(2)} ${y.toFixed(2)}`).join("")}
          />
        </svg>
        {drawn.map(({ step, mean_kl, correct, x, y }) => (
          <span
            key={step}
            className={classes.dot}
            data-correct={correct ?? undefined}
            style={{ left: `${x}%`, top: `${y}%` }}
            title={`step ${step}: ${number(mean_kl, 3)} nats/token`}
          />
        ))}
      </div>
      <div className={classes.sparkEnds}>
        <span>step 0</span>
        <span>step {last}</span>
      </div>
    </figure>
  );
}

function spoken(points: readonly PromptPoint[]): string {
  const told = points.map(({ step, mean_kl }) => `step ${step} ${number(mean_kl, 2)}`);
  return `Mean KL by step: ${told.slice(0, 40).join(", ")}${told.length > 40 ? ", and so on" : ""}`;
}
