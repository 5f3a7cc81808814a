import type { RunHistory } from "~/api/types";

type Command = RunHistory["commands"][number];
type Change = RunHistory["changes"][number];
type Attempt = RunHistory["attempts"][number];

/** One thing that happened to a run. */
export type Entry = { key: string; at: number } & (
  | { kind: "command"; command: Command }
  | { kind: "state"; change: Change }
  | { kind: "attempt"; attempt: Attempt; end: boolean }
);

/** Commands, states, and beginnings and ends of attempts in one list, the latest first. */
export function timeline({ commands, changes, attempts }: RunHistory): Entry[] {
  const entries: Entry[] = [
    ...changes.map((change, index) => ({ kind: "state" as const, key: `s${index}`, at: change.at, change })),
    ...attempts.flatMap((attempt): Entry[] => [
      { kind: "attempt", key: `a${attempt.number}`, at: attempt.started_at, attempt, end: false },
      ...(attempt.ended_at === null
        ? []
        : [{ kind: "attempt" as const, key: `e${attempt.number}`, at: attempt.ended_at, attempt, end: true }]),
    ]),
    ...commands.map((command) => ({
      kind: "command" as const,
      key: `c${command.id}`,
      at: command.created_at,
      command,
    })),
  ];
  return entries.sort((one, other) => other.at - one.at);
}
