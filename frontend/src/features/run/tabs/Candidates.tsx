import { Button, Group } from "@mantine/core";
import type { Candidate, Decision, RunDetail } from "~/api/types";
import { useCommand } from "~/components/commands/useCommand";
import table from "~/components/table.module.css";
import { alongD, count, duration, minuses, number, signed } from "~/lib/format";
import { ExportLink } from "../ExportLink";
import { ForkButton } from "../ForkButton";
import { TalkLink } from "../TalkLink";
import classes from "./Decisions.module.css";

/** A gain over W_t with its interval, as far as there is one. */
export function gainOf({ gain, gain_low, gain_high }: Candidate): string {
  if (gain === null) return "not known";
  if (gain_low === null || gain_high === null) return `${signed(gain)}, no interval`;
  return `${signed(gain)} [${signed(gain_low)}, ${signed(gain_high)}]`;
}

/** Every candidate of a trigger, W_t first: what it scored, what became of it, and what can be done with it. */
export function Candidates({ run, decision }: { run: RunDetail; decision: Decision }) {
  return (
    <table className={`${table.table} ${classes.candidates}`}>
      <thead>
        <tr>
          <th>Candidate</th>
          <th className={table.right}>Score</th>
          <th className={table.right}>Gain over Wₜ [95% interval]</th>
          <th className={table.right}>KL to Wₜ</th>
          <th>Verdict</th>
          <th className={table.right}>Tokens</th>
          <th className={table.right}>Time</th>
          <th>
            <span className="visually-hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {decision.candidates.map((candidate) => (
          <Row key={candidate.factor} candidate={candidate} decision={decision} run={run} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ candidate, decision, run }: { candidate: Candidate; decision: Decision; run: RunDetail }) {
  const start = candidate.factor === 0;
  return (
    <tr className={start ? table.quiet : undefined}>
      <td className="nowrap">{start ? "Wₜ itself" : `Wₜ ${alongD(candidate.factor)}`}</td>
      <td className={table.right} data-label="score">
        {number(candidate.score, 3)}
      </td>
      <td className={table.right} data-label="gain over Wₜ">
        {start ? "" : gainOf(candidate)}
      </td>
      <td className={table.right} data-label="KL to Wₜ">
        {start ? "" : number(candidate.kl_to_start, 3)}
      </td>
      <td>{!start && <Verdict candidate={candidate} decision={decision} />}</td>
      <td className={table.right} data-label="tokens">
        {count(candidate.tokens)}
      </td>
      <td className={table.right} data-label="time">
        {duration(candidate.seconds)}
      </td>
      <td>
        <Actions candidate={candidate} decision={decision} run={run} />
      </td>
    </tr>
  );
}

function Verdict({ candidate, decision }: { candidate: Candidate; decision: Decision }) {
  const chosen = candidate.factor === decision.accepted_factor;
  return (
    <>
      <span className={classes.verdict} data-accepted={candidate.accepted}>
        {candidate.accepted ? "accepted" : "refused"}
        {chosen && (candidate.accepted ? ", taken" : ", taken all the same")}
      </span>{" "}
      <span className="soft">{minuses(candidate.reason)}</span>
    </>
  );
}

function Actions({ candidate, decision, run }: { candidate: Candidate; decision: Decision; run: RunDetail }) {
  const command = useCommand(run.id);
  const { step } = decision;
  const { factor } = candidate;
  const which =
    factor === 0 ? `the weights before the jump of step ${step}` : `factor ${number(factor, 3)} of step ${step}`;
  return (
    <Group gap={6} justify="flex-end">
      {factor !== 0 && run.possible.includes("extrapolate") && (
        <Button
          loading={command.isPending}
          onClick={() => command.mutate({ command: "extrapolate", factor, override: false })}
          data-testid={`try-${step}-${factor}`}
        >
          Try factor {number(factor, 3)} now
        </Button>
      )}
      <ForkButton
        runId={run.id}
        step={step}
        factor={factor}
        obstacle={
          decision.weights_kept
            ? undefined
            : `Its weights are not on disk: those of the newest ${run.config?.budget.keep_checkpoints ?? 0} triggers are kept`
        }
        label={`Fork from ${which}`}
        testId={`fork-${step}-${factor}`}
      >
        Fork
      </ForkButton>
      {decision.weights_kept && (
        <>
          <ExportLink runId={run.id} step={step} factor={factor} />
          <TalkLink runId={run.id} step={step} factor={factor} />
        </>
      )}
    </Group>
  );
}
