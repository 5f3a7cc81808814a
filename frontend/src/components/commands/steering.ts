import {
  IconArrowBackUp,
  IconDeviceFloppy,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerStop,
  IconWand,
} from "@tabler/icons-react";
import type { Command, CommandOut, CommandRequest, RunSummary } from "~/api/types";

/** The steering actions, in the words of what will happen. */
export const STEERING: readonly { command: Command; label: string; help: string; Icon: typeof IconWand }[] = [
  {
    command: "pause",
    label: "Pause after this step",
    help: "The trainer waits, with everything in memory, until you resume.",
    Icon: IconPlayerPause,
  },
  {
    command: "resume",
    label: "Resume",
    help: "Go on: from memory when paused, from the last checkpoint when stopped or failed.",
    Icon: IconPlayerPlay,
  },
  {
    command: "stop",
    label: "Stop",
    help: "Writes a checkpoint after this step and ends; can be resumed later.",
    Icon: IconPlayerStop,
  },
  {
    command: "checkpoint",
    label: "Checkpoint now",
    help: "Writes a complete checkpoint after this step.",
    Icon: IconDeviceFloppy,
  },
  {
    command: "extrapolate",
    label: "Try extrapolating now",
    help: "Searches along the current update direction after this step, as at a trigger.",
    Icon: IconWand,
  },
  {
    command: "veto",
    label: "Veto last jump",
    help: "Takes the jump's displacement off the weights and keeps what was trained since.",
    Icon: IconArrowBackUp,
  },
];

export function commandLabel(command: string): string {
  return STEERING.find((action) => action.command === command)?.label ?? command;
}

/** Why a command is not possible now; null when it is. */
export function obstacle(command: Command, run: Pick<RunSummary, "possible" | "state">): string | null {
  return run.possible.includes(command) ? null : `Not possible: the run is ${run.state}`;
}

/** " factor 3, whatever validation says", " of step 16", or nothing. */
export function withArguments({ command, arguments: given }: CommandOut): string {
  if (command === "extrapolate" && given.factor !== undefined) {
    return ` factor ${String(given.factor)}${given.override ? ", whatever validation says" : ""}`;
  }
  return command === "veto" && given.step !== undefined ? ` of step ${String(given.step)}` : "";
}

/** The command as it is without arguments: a search, the last jump. */
export function plainRequest(command: Command): CommandRequest {
  return command === "extrapolate" ? { command, override: false } : { command };
}
