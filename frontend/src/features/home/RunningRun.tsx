import type { Home, RunSummary } from "~/api/types";
import { Clocks } from "~/components/Clocks";
import { timeLeft, transferWords } from "~/components/progress";
import { MethodBadge, Progress, StatePill } from "~/components/RunBits";
import { RunLink } from "~/components/RunLink";
import { Sparkline } from "~/components/Sparkline";
import { useScheme } from "~/components/useScheme";
import { useServerNow } from "~/components/useServerNow";
import { runColor } from "~/lib/colors";
import { fixed, percent } from "~/lib/format";
import classes from "./HomePage.module.css";

interface RunningRunProps {
  run: RunSummary;
  sparkline: Home["running"][number]["sparkline"];
}

/** A live run at a glance: how close to its teacher, how far, how long still, and both clocks. */
export function RunningRun({ run, sparkline }: RunningRunProps) {
  const scheme = useScheme();
  const now = useServerNow();
  const heldOut = run.latest["eval/reverse_kl"];
  const accuracy = run.latest["eval/accuracy"];
  return (
    <article className={`card ${classes.running}`} data-testid={`running-${run.id}`} data-step={run.step}>
      <div className={classes.who}>
        <RunLink run={run} />
        <MethodBadge name={run.method_name} />
        <span className={classes.push}>
          <StatePill state={run.state} />
        </span>
      </div>
      <div className={classes.curve}>
        {sparkline === null ? (
          <span className="soft">{waiting(run)}</span>
        ) : (
          <Sparkline
            line={sparkline}
            color={runColor(run.color, scheme)}
            label={`${sparkline.title}, ${sparkline.unit},`}
          />
        )}
        {sparkline !== null && (
          <div className={classes.reading} title={sparkline.title}>
            <strong className="figures">{fixed(run.latest[sparkline.key], 4)}</strong>
            {[sparkline.short, sparkline.unit].filter(Boolean).join(", ")}
          </div>
        )}
      </div>
      <div className={classes.progress}>
        {run.kind !== "playground" && (
          <>
            <span data-testid={`step-${run.id}`}>
              step <strong>{run.step}</strong> / {run.total_steps}
            </span>
            <Progress step={run.step} total={run.total_steps} label={`Progress of ${run.name}`} />
            <span className="soft nowrap">{timeLeft(run, now)}</span>
          </>
        )}
      </div>
      <div className={classes.foot}>
        <span className="soft">
          {[
            run.device,
            heldOut != null && `held-out KL ${fixed(heldOut, 4)}`,
            accuracy != null && `accuracy ${percent(accuracy)}`,
          ]
            .filter(Boolean)
            .join(" · ")}
        </span>
        <Clocks run={run} />
      </div>
    </article>
  );
}

function waiting({ kind, state, transfer }: RunSummary): string {
  if (transfer !== null) return transferWords(transfer);
  if (kind === "playground" && state === "running") return "A page talks to its models";
  return state === "starting" ? "Models are being loaded" : "No step measured yet";
}
