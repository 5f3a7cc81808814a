import { Button, Group, Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { decisionsQuery, historyQuery } from "~/api/runs";
import type { Command, CommandOut, CommandRequest, RunDetail } from "~/api/types";
import { commandLabel, obstacle, STEERING, withArguments } from "~/components/commands/steering";
import { useCommand } from "~/components/commands/useCommand";
import { clock } from "~/lib/format";
import { ExtrapolateButton } from "./ExtrapolateButton";
import classes from "./RunHeader.module.css";

/** What can be done to the run between two steps, and what came of the last wish. */
export function SteeringBar({ run }: { run: RunDetail }) {
  const command = useCommand(run.id);
  const { data: history } = useQuery(historyQuery(run.id));
  const { data: decided } = useQuery(decisionsQuery(run.id));
  const jumpStep = decided?.veto_step ?? null;
  const pending = new Set(run.commands_pending.map((given) => given.command));
  const shown = STEERING.filter(
    ({ command: name }) =>
      run.commands.includes(name) &&
      !(name === "pause" && run.state === "paused") &&
      !(name === "resume" && !run.possible.includes(name)), // it takes the place of "Pause"
  );

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
    <Group gap={6} role="toolbar" aria-label="Steer the run">
      {shown.map(({ command: name, label, help, Icon }) => {
        const reason = why(name);
        const loading = (command.isPending && command.variables.command === name) || pending.has(name);
        if (name === "extrapolate") {
          return (
            <ExtrapolateButton
              key={name}
              help={help}
              obstacle={reason}
              loading={loading}
              onAsk={(request) => command.mutate(request)}
            />
          );
        }
        const request: CommandRequest = name === "veto" ? { command: name, step: jumpStep } : { command: name };
        return (
          <Tooltip key={name} label={reason ?? help} w={240}>
            <Button
              leftSection={<Icon size={14} aria-hidden />}
              loading={loading}
              data-disabled={reason !== null || undefined}
              aria-disabled={reason !== null}
              onClick={() => reason === null && command.mutate(request)}
              data-testid={`steer-${name}`}
            >
              {name === "veto" && jumpStep !== null ? `Veto the jump of step ${jumpStep}` : label}
            </Button>
          </Tooltip>
        );
      })}
      <Feedback last={history?.commands.at(-1)} />
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

export function outcome(command: CommandOut): string {
  if (command.done_at === null && command.obeyed_step !== null) {
    return `lost with its trainer, will be obeyed again at step ${command.obeyed_step}`;
  }
  if (command.done_at === null) return `asked at ${clock(command.created_at)}, waiting for the trainer`;
  return `${command.ok ? "done" : "refused"} at ${clock(command.done_at)}${command.result && command.result !== "done" ? `, ${command.result}` : ""}`;
}
