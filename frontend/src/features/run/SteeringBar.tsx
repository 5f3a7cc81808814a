import { Group } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { decisionsQuery, historyQuery } from "~/api/runs";
import type { Command, CommandOut, CommandRequest, RunDetail } from "~/api/types";
import { outcome } from "~/components/commands/outcome";
import { commandLabel, obstacle, STEERING, withArguments } from "~/components/commands/steering";
import { useCommand } from "~/components/commands/useCommand";
import { hasEnded } from "~/lib/runState";
import { ExtrapolateButton } from "./ExtrapolateButton";
import { Lever } from "./Lever";
import classes from "./RunHeader.module.css";

interface SteeringBarProps {
  run: RunDetail;
  /** Icons alone, and nothing of the last wish. */
  compact?: boolean;
}

/** What can be done to the run between two steps, and what came of the last wish; of a run that has ended, what still can be. */
export function SteeringBar({ run, compact = false }: SteeringBarProps) {
  const command = useCommand(run.id);
  const { data: history } = useQuery(historyQuery(run.id));
  const { data: decided } = useQuery(decisionsQuery(run.id));
  const jumpStep = decided?.veto_step ?? null;
  const pending = new Set(run.commands_pending.map((given) => given.command));
  const shown = STEERING.filter(
    ({ command: name }) =>
      run.commands.includes(name) &&
      !(name === "pause" && run.state === "paused") &&
      ((name !== "resume" && !hasEnded(run.state)) || run.possible.includes(name)) && // "Resume" takes the place of "Pause"
      !(run.state === "failed" && !run.begin_again),
  );
  if (shown.length === 0 && (compact || hasEnded(run.state))) return null;

  const why = (name: Command): string | null => {
    if (pending.has(name)) {
      return run.state === "paused"
        ? "Asked; obeyed with the first step after you resume"
        : "Asked; the trainer obeys between two steps";
    }
    const reason = obstacle(name, run);
    if (reason !== null || name !== "veto" || jumpStep !== null) return reason;
    return `Not possible: ${decided?.no_veto ?? "the decisions are being read"}`;
  };

  return (
    <Group gap={compact ? 4 : 6} wrap={compact ? "nowrap" : "wrap"} role="toolbar" aria-label="Steer the run">
      {shown.map(({ command: name, label, help, Icon }) => {
        const reason = why(name);
        const lever = {
          Icon,
          compact,
          help: reason ?? help,
          possible: reason === null,
          pending: (command.isPending && command.variables.command === name) || pending.has(name),
          testId: `steer-${name}`,
        };
        if (name === "extrapolate") {
          return <ExtrapolateButton key={name} lever={lever} onAsk={(request) => command.mutate(request)} />;
        }
        const request: CommandRequest = name === "veto" ? { command: name, step: jumpStep } : { command: name };
        return (
          <Lever key={name} {...lever} onClick={() => command.mutate(request)}>
            {name === "veto" && jumpStep !== null ? `Veto the jump of step ${jumpStep}` : label}
          </Lever>
        );
      })}
      {!compact && <Feedback last={history?.commands.at(-1)} />}
    </Group>
  );
}

function Feedback({ last }: { last: CommandOut | undefined }) {
  return (
    <span className={classes.feedback} role="status" data-testid="steer-feedback" data-ok={last?.ok ?? undefined}>
      {last !== undefined && (
        <>
          <strong>{commandLabel(last.command)}</strong>
          {withArguments(last)}: {outcome(last)}
        </>
      )}
    </span>
  );
}
