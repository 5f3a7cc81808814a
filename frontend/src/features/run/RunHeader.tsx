import { Box, Group, Stack, Tooltip } from "@mantine/core";
import { IconArrowRight } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { RunDetail } from "~/api/types";
import { Clocks } from "~/components/Clocks";
import { timeLeft } from "~/components/progress";
import { MethodBadge, Progress, RunDot, StatePill } from "~/components/RunBits";
import { TransferLine } from "~/components/TransferLine";
import { useServerNow } from "~/components/useServerNow";
import { tokensSpent } from "~/lib/cost";
import { count, duration, fixed, number, percent } from "~/lib/format";
import { isActive } from "~/lib/runState";
import { AlertBadge } from "./AlertBadge";
import { CommandMarks } from "./CommandMarks";
import { RunActions } from "./RunActions";
import classes from "./RunHeader.module.css";
import { RunName } from "./RunName";
import { SteeringBar } from "./SteeringBar";

/** Who, how far, at what cost; and the levers. */
export function RunHeader({ run }: { run: RunDetail }) {
  return (
    <Stack gap={8} mb={10} className={classes.header}>
      <Group gap="4px 10px" mih={30}>
        <RunDot color={run.color} size={12} />
        <RunName run={run} />
        <StatePill state={run.state} testId="run-state" />
        <AlertBadge run={run} />
        <MethodBadge name={run.method_name} />
        <Group gap={5}>
          {run.student}
          {run.teacher && (
            <>
              {" "}
              <IconArrowRight size={13} aria-label="learns from" /> {run.teacher}
            </>
          )}
        </Group>
        <Box component="span" fz={13} className="soft">
          {run.is_job ? run.device : `${number(run.learning_rate, 3)} rate${run.device ? ` · ${run.device}` : ""}`}
          {run.attempt > 1 && ` · attempt ${run.attempt}`}
          {run.forked_from && (
            <>
              {" · forked from "}
              <Link to="/runs/$runId" params={{ runId: run.forked_from }}>
                {run.forked_from}
              </Link>{" "}
              at {run.forked_step === null ? "its last step" : `step ${run.forked_step}`}
              {run.forked_factor !== null && `, candidate of factor ${number(run.forked_factor)}`}
            </>
          )}
        </Box>
        <RunActions run={run} />
      </Group>
      <Group gap="4px 18px" fz={13} className={classes.facts}>
        <div className={classes.progress}>
          <span data-testid="run-step">
            step <strong>{run.step}</strong> / {run.total_steps}
          </span>
          <div className={classes.track}>
            <Progress step={run.step} total={run.total_steps} label="Progress" />
            <CommandMarks run={run} />
          </div>
          <TimeLeft run={run} />
        </div>
        {run.is_job ? <JobFacts run={run} /> : <TrainingFacts run={run} />}
        {isActive(run.state) && <Clocks run={run} />}
      </Group>
      {run.transfer && <TransferLine transfer={run.transfer} />}
      <SteeringBar run={run} />
    </Stack>
  );
}

function TrainingFacts({ run }: { run: RunDetail }) {
  const judged = run.latest["eval/judged"];
  return (
    <>
      <Fact
        name="held-out KL"
        value={fixed(run.latest["eval/reverse_kl"], 4)}
        help="nats per token, latest evaluation"
      />
      <Fact
        name="accuracy"
        value={percent(run.latest["eval/accuracy"])}
        help={`${judged == null ? "" : `the ${judged} `}held-out prompts${judged == null ? "" : " with a known answer"}, latest evaluation`}
      />
      <Fact
        name="tokens"
        value={count(tokensSpent(run.latest))}
        help="of responses so far, discarded ones and those of the search included"
      />
      <Fact
        name="time"
        value={duration(run.latest.seconds)}
        help="training, monitoring and search; without evaluation and pauses"
      />
      <Fact
        name="search"
        value={searchCost(run)}
        help={`cost of trying extrapolations so far: ${count(run.latest.search_tokens)} tokens`}
      />
    </>
  );
}

function JobFacts({ run }: { run: RunDetail }) {
  return (
    <>
      <Fact name="time" value={duration(run.latest.seconds)} help="of work so far, without pauses" />
      {run.kind === "import" && (
        <Fact
          name="error bound"
          value={number(run.latest.spectral_error_bound, 2)}
          help="largest relative error to expect of a module's effective rank, latest checkpoint; the log names the estimators"
        />
      )}
      {run.latest.rounding_norm !== undefined && (
        <Fact
          name="rounding"
          value={number(run.latest.rounding_norm, 3)}
          help="base and checkpoint are of different floating-point types: the norm that this alone gives the update, latest checkpoint"
        />
      )}
    </>
  );
}

function Fact({ name, value, help }: { name: string; value: string; help: string }) {
  return (
    <Tooltip label={help}>
      <span className="nowrap" data-testid={`fact-${name.replaceAll(" ", "-")}`}>
        <span className="soft">{name}</span> <strong>{value}</strong>
      </span>
    </Tooltip>
  );
}

/** Ticks by itself, so that the rest of the header need not. */
function TimeLeft({ run }: { run: RunDetail }) {
  return <span className="soft nowrap figures">{timeLeft(run, useServerNow())}</span>;
}

function searchCost(run: RunDetail): string {
  const { search_seconds: search, seconds } = run.latest;
  if (search === null || search === undefined) return "–";
  if (search === 0) return "none";
  return seconds ? `${duration(search)} (${percent(search / seconds, 0)})` : duration(search);
}
