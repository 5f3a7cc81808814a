import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Fragment } from "react";
import { decisionsQuery } from "~/api/runs";
import type { Candidate, Decision, RunDetail } from "~/api/types";
import { Empty } from "~/components/Empty";
import { ErrorBox } from "~/components/ErrorBox";
import { Loading } from "~/components/Loading";
import table from "~/components/table.module.css";
import { useView } from "~/components/useView";
import { count, duration, number, signed } from "~/lib/format";
import { optionLabel } from "~/lib/panelSchema";
import classes from "./Decisions.module.css";

/** Every extrapolation that was tried, and why it was taken or refused. */
export default function Decisions({ run }: { run: RunDetail }) {
  const { data, error, refetch } = useQuery(decisionsQuery(run.id));
  const [search, change] = useView();
  if (error && !data)
    return <ErrorBox title="The decisions could not be read" error={error} onRetry={() => void refetch()} />;
  if (!data) return <Loading label="Reading the decisions" />;
  if (data.decisions.length === 0) {
    return (
      <div className="card">
        <Empty title="No extrapolation has been tried">
          {run.method === "effopd" ? "The first search comes after step 1." : "Plain OPD follows the optimizer alone."}
        </Empty>
      </div>
    );
  }
  return (
    <div className={`card ${table.wrap}`} data-testid="decisions-table">
      <table className={table.table}>
        <thead>
          <tr>
            <th>Candidate</th>
            <th className={table.right}>Score</th>
            <th className={table.right}>Gain [95 % interval]</th>
            <th className={table.right}>KL to start</th>
            <th>Verdict</th>
            <th className={table.right}>Tokens</th>
            <th className={table.right}>Time</th>
          </tr>
        </thead>
        <tbody>
          {[...data.decisions].reverse().map((decision) => (
            <Fragment key={`${decision.step} ${decision.trigger}`}>
              <Head
                decision={decision}
                open={search.trigger === String(decision.step)}
                onOpen={(step) => change({ trigger: step })}
              />
              {decision.candidates.map((candidate) => (
                <Row key={candidate.factor} candidate={candidate} decision={decision} />
              ))}
            </Fragment>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface HeadProps {
  decision: Decision;
  open: boolean;
  onOpen: (step: string | undefined) => void;
}

function Head({ decision, open, onOpen }: HeadProps) {
  return (
    <tr className={table.group} data-testid={`decision-${decision.step}`}>
      <td colSpan={4}>
        Step {decision.step}: {decision.outcome}
        {decision.vetoed && <span className={classes.vetoed}>taken back</span>}
        <div className={classes.facts}>
          {optionLabel(decision.trigger)}; from step {decision.anchor_step}, ‖D‖ {number(decision.direction_norm, 3)},{" "}
          {optionLabel(decision.score_name)} on {decision.validation_size} examples
        </div>
      </td>
      <td>
        <Button variant="subtle" onClick={() => onOpen(open ? undefined : String(decision.step))}>
          {open ? "Close the line" : "Show the line"}
        </Button>
      </td>
      <td className={table.right}>{count(decision.tokens)}</td>
      <td className={table.right}>{duration(decision.seconds)}</td>
    </tr>
  );
}

function Row({ candidate, decision }: { candidate: Candidate; decision: Decision }) {
  const start = candidate.factor === 0;
  const chosen = !start && candidate.accepted && candidate.factor === decision.accepted_factor;
  return (
    <tr className={start ? table.quiet : undefined}>
      <td className="nowrap">{start ? "Wₜ itself" : `Wₜ + ${number(candidate.factor)} D`}</td>
      <td className={table.right}>{number(candidate.score)}</td>
      <td className={table.right}>
        {start ? "" : `${signed(candidate.gain)} [${signed(candidate.gain_low)}, ${signed(candidate.gain_high)}]`}
      </td>
      <td className={table.right}>{start ? "" : number(candidate.kl_to_start, 3)}</td>
      <td>
        {!start && (
          <span className={classes.verdict} data-accepted={candidate.accepted}>
            {candidate.accepted ? (chosen ? "accepted, taken" : "accepted") : "refused"}
          </span>
        )}{" "}
        <span className="soft">{candidate.reason}</span>
      </td>
      <td className={table.right}>{count(candidate.tokens)}</td>
      <td className={table.right}>{duration(candidate.seconds)}</td>
    </tr>
  );
}
