import { Box, Button, Group } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Fragment } from "react";
import { decisionsQuery } from "~/api/runs";
import type { Candidate, Decision, RunDetail } from "~/api/types";
import { useCommand } from "~/components/commands/useCommand";
import { Empty } from "~/components/Empty";
import { Panel } from "~/components/panel/Panel";
import table from "~/components/table.module.css";
import { Unread } from "~/components/Unread";
import { useView } from "~/components/useView";
import { bytes, count, duration, number, signed } from "~/lib/format";
import { optionLabel } from "~/lib/panelSchema";
import { firstOf } from "~/lib/pinned";
import { ExportLink } from "../ExportLink";
import { ForkButton } from "../ForkButton";
import { TalkLink } from "../TalkLink";
import { DecisionState } from "./DecisionState";
import classes from "./Decisions.module.css";

/** Every extrapolation that was tried, and why it was taken or refused. */
export default function Decisions({ run }: { run: RunDetail }) {
  const query = useQuery(decisionsQuery(run.id));
  const [search, change] = useView();
  if (!query.data) return <Unread what="the decisions" query={query} />;
  const { decisions } = query.data;
  if (decisions.length === 0) {
    return (
      <Empty card title="No extrapolation has been tried">
        {run.looks_ahead ? "The strategy has not looked ahead yet." : "This run follows the optimizer alone."}
      </Empty>
    );
  }
  const wanted = search.decision ?? search.trigger;
  const selected = decisions.findLast(({ step }) => String(step) === wanted) ?? decisions.at(-1);
  const select = (step: number) => change({ decision: String(step) });
  return (
    <>
      {selected && (
        <div className={classes.pictures}>
          <Panel
            name="decision_tree"
            runs={[run]}
            fixed={{ step: String(selected.step) }}
            height={250}
            onPointClick={(point) => {
              const step = firstOf(point.customdata);
              if (typeof step === "number") select(step);
            }}
          />
          <Panel
            name="decision_line"
            title={`The line tried at step ${selected.step}`}
            runs={[run]}
            fixed={{ step: String(selected.step) }}
            height={250}
            testId="decision-line"
          />
          <DecisionState decision={selected} run={run} />
        </div>
      )}
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
              <th>
                <span className="visually-hidden">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {[...decisions].reverse().map((decision) => (
              <Fragment key={`${decision.step} ${decision.trigger}`}>
                <Head decision={decision} open={decision === selected} onOpen={() => select(decision.step)} />
                {decision.candidates.map((candidate) => (
                  <Row key={candidate.factor} candidate={candidate} decision={decision} run={run} />
                ))}
              </Fragment>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

interface HeadProps {
  decision: Decision;
  open: boolean;
  onOpen: () => void;
}

function Head({ decision, open, onOpen }: HeadProps) {
  return (
    <tr className={table.group} data-testid={`decision-${decision.step}`}>
      <td colSpan={4}>
        Step {decision.step}: {decision.outcome}
        {decision.vetoed && <span className={classes.vetoed}>taken back</span>}
        {decision.overridden && <span className={classes.vetoed}>taken although refused</span>}
        <Box fz={12} fw={400} className="soft">
          {optionLabel(decision.trigger)}; from step {decision.anchor_step}, ‖D‖ {number(decision.direction_norm, 3)},{" "}
          {optionLabel(decision.score_name)} on {decision.validation_size} examples
        </Box>
      </td>
      <td>
        <Button variant="subtle" aria-pressed={open} disabled={open} onClick={onOpen}>
          {open ? "Shown above" : "Show above"}
        </Button>
      </td>
      <td className={table.right}>{count(decision.tokens)}</td>
      <td className={table.right}>{duration(decision.seconds)}</td>
      <td className={table.right}>
        {decision.weights_kept && <span className="soft">weights kept, {bytes(decision.weights_bytes)}</span>}
      </td>
    </tr>
  );
}

function Row({ candidate, decision, run }: { candidate: Candidate; decision: Decision; run: RunDetail }) {
  const command = useCommand(run.id);
  const start = candidate.factor === 0;
  const chosen = !start && candidate.factor === decision.accepted_factor;
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
            {candidate.accepted ? "accepted" : "refused"}
            {chosen && (candidate.accepted ? ", taken" : ", taken all the same")}
          </span>
        )}{" "}
        <span className="soft">{candidate.reason}</span>
      </td>
      <td className={table.right}>{count(candidate.tokens)}</td>
      <td className={table.right}>{duration(candidate.seconds)}</td>
      <td>
        <Group gap={6} justify="flex-end" wrap="nowrap">
          {!start && run.possible.includes("extrapolate") && (
            <Button
              loading={command.isPending}
              onClick={() => command.mutate({ command: "extrapolate", factor: candidate.factor, override: false })}
              data-testid={`try-${decision.step}-${candidate.factor}`}
            >
              Try factor {candidate.factor} now
            </Button>
          )}
          <ForkButton
            runId={run.id}
            step={decision.step}
            factor={candidate.factor}
            obstacle={
              decision.weights_kept
                ? undefined
                : `Its weights are not on disk: those of the newest ${run.config?.budget.keep_checkpoints ?? 0} triggers are kept`
            }
            label={
              start
                ? `Fork from the weights before the jump of step ${decision.step}`
                : `Fork from the candidate of factor ${candidate.factor} at step ${decision.step}`
            }
            testId={`fork-${decision.step}-${candidate.factor}`}
          >
            Fork
          </ForkButton>
          {decision.weights_kept && (
            <>
              <ExportLink runId={run.id} step={decision.step} factor={candidate.factor} />
              <TalkLink runId={run.id} step={decision.step} factor={candidate.factor} />
            </>
          )}
        </Group>
      </td>
    </tr>
  );
}
