import { Tooltip } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { pulse } from "~/api/live";
import type { RunSummary } from "~/api/types";
import { ago } from "~/lib/format";
import { useStore } from "~/lib/store";
import classes from "./Clocks.module.css";
import { type Clock, clocks } from "./progress";
import { useServerNow } from "./useServerNow";

const HELP = {
  alive: "When the trainer's process last gave a sign of life.",
  silent:
    "The trainer's process has not reported for a while. It may still train: its machine may be busy or its network down. When it stays silent a live worker takes the run over from its last checkpoint.",
  progress: "When training last got further.",
  still: "Training has not got further for longer than ten usual steps, although the run counts as running.",
  stillJob: "No step has been stored for twice as long as all before took, although the run counts as running.",
};

/** Two clocks, shown apart: the process may live while training stands still, and a silent one may still train. */
export function Clocks({ run }: { run: RunSummary }) {
  const now = useServerNow();
  const { heartbeats } = useStore(pulse);
  const { alive, progress } = clocks(run, heartbeats[run.id], now);
  return (
    <span className={classes.clocks} data-testid={`clocks-${run.id}`}>
      <Age name="alive" clock={alive} now={now} help={alive.late ? HELP.silent : HELP.alive} />
      <Age
        name="progress"
        clock={progress}
        now={now}
        help={progress.late ? (run.is_job ? HELP.stillJob : HELP.still) : HELP.progress}
      />
    </span>
  );
}

function Age({ name, clock, now, help }: { name: string; clock: Clock; now: number; help: string }) {
  return (
    <Tooltip label={help} w={260}>
      <span className={classes.clock} data-late={clock.late}>
        {clock.late && <IconAlertTriangle size={13} aria-label="late" />}
        <span className={classes.name}>{name}</span> {clock.at === null ? "not yet" : ago(clock.at, now)}
      </span>
    </Tooltip>
  );
}
