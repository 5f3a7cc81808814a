import { Button, Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { historyQuery } from "~/api/runs";
import type { Command, CommandOut, CommandRequest, RunDetail } from "~/api/types";
import { clock } from "~/lib/format";
import { obstacle } from "~/lib/runState";
import classes from "./RunHeader.module.css";
import { commandLabel, STEERING } from "./steering";
import { useCommand } from "./useCommand";

/** What can be done to the run between two steps, and what came of the last wish. */
export function SteeringBar({ run }: { run: RunDetail }) {
  const command = useCommand(run.id);
  const { data: history } = useQuery(historyQuery(run.id));
  const pending = new Set(run.commands_pending.map((given) => given.command));
  const shown = STEERING.filter(
    ({ command: name }) =>
      (run.kind === "trained" || name === "stop") && // a reported run is steered by its own trainer
      !(name === "pause" && run.state === "paused") &&
      !isIdleResume(name, run),
  );

  return (
    <div className={classes.steering} role="toolbar" aria-label="Steer the run">
      {shown.map(({ command: name, label, help, Icon }) => {
        const reason = pending.has(name) ? "Asked; the trainer obeys between two steps" : obstacle(name, run.state);
        const waiting = command.isPending && command.variables.command === name;
        return (
          <Tooltip key={name} label={reason ?? help} w={240}>
            <Button
              variant="default"
              leftSection={<Icon size={14} aria-hidden />}
              loading={waiting || pending.has(name)}
              data-disabled={reason !== null || undefined}
              aria-disabled={reason !== null}
              onClick={() => reason === null && command.mutate(plain(name))}
              data-testid={`steer-${name}`}
            >
              {label}
            </Button>
          </Tooltip>
        );
      })}
      <Feedback last={history?.commands.at(-1)} />
    </div>
  );
}

/** The command without arguments. */
function plain(command: Command): CommandRequest {
  return command === "extrapolate" ? { command, override: false } : { command };
}

/** "Resume" takes the place of "Pause" when there is something to resume. */
function isIdleResume(name: string, run: RunDetail): boolean {
  return name === "resume" && !["paused", "stopped", "failed"].includes(run.state);
}

function Feedback({ last }: { last: CommandOut | undefined }) {
  return (
    <span className={classes.feedback} role="status" data-testid="steer-feedback" data-ok={last?.ok ?? undefined}>
      {last !== undefined && (
        <>
          <strong>{commandLabel(last.command)}</strong>: {outcome(last)}
        </>
      )}
    </span>
  );
}

export function outcome(command: CommandOut): string {
  if (command.done_at === null) return `asked at ${clock(command.created_at)}, waiting for the trainer`;
  return `${command.ok ? "done" : "refused"} at ${clock(command.done_at)}${command.result && command.result !== "done" ? `, ${command.result}` : ""}`;
}
