import type { CommandOut } from "~/api/types";
import { clock } from "~/lib/format";
import type { View } from "../useView";
import { commandLabel, withArguments } from "./steering";

export function outcome(command: CommandOut): string {
  if (command.done_at === null && command.obeyed_step !== null) {
    return `lost with its trainer, will be obeyed again at step ${command.obeyed_step}`;
  }
  if (command.done_at === null) return `asked at ${clock(command.created_at)}, waiting for the trainer`;
  return `${command.ok ? "done" : "refused"} at ${clock(command.done_at)}${command.result && command.result !== "done" ? `, ${command.result}` : ""}`;
}

/** "Checkpoint now: done at step 23". */
export function inOneLine(command: CommandOut): string {
  const at = command.obeyed_step === null ? "" : ` at step ${command.obeyed_step}`;
  const result = command.result && command.result !== "done" ? `, ${command.result}` : "";
  return `${commandLabel(command.command)}${withArguments(command)}: ${command.ok ? "done" : "refused"}${at}${result}`;
}

/** Where what came of it is to be seen: a search as the line that was tried, a veto as the jump taken back, all else as its row. */
export function placeOf({ id, command, ok, arguments: given, obeyed_step }: CommandOut): View {
  if (command === "extrapolate" && ok && obeyed_step !== null) return { trigger: String(obeyed_step) };
  if (command === "veto" && ok && given.step !== undefined) return { tab: "decisions", decision: String(given.step) };
  return { tab: "steering", audit: "command", command: String(id) };
}

const APART = 1 / 40; // of the whole: marks that are nearer lie on each other

/** The commands that were obeyed, by their place between the first step and the last; those near each other are one mark. */
export function together(commands: readonly CommandOut[], steps: number) {
  const marks: { share: number; commands: CommandOut[] }[] = [];
  for (const command of commands) {
    if (command.done_at === null || command.obeyed_step === null) continue;
    const share = Math.min(1, command.obeyed_step / Math.max(1, steps));
    const near = marks.find((mark) => Math.abs(mark.share - share) < APART);
    if (near) near.commands.push(command);
    else marks.push({ share, commands: [command] });
  }
  return marks;
}
