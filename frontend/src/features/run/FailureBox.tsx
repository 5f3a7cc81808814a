import { Box, Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { checkpointsQuery } from "~/api/runs";
import type { RunDetail, RunError } from "~/api/types";
import { useCommand } from "~/components/commands/useCommand";
import { Problem } from "~/components/ErrorBox";
import { useView } from "~/components/useView";
import { spaced } from "~/lib/words";

/** Why the run failed, and the ways on from there. */
export function FailureBox({ run }: { run: RunDetail }) {
  const error = (run.error ?? null) as RunError | null;
  const { data } = useQuery(checkpointsQuery(run.id));
  const [, change] = useView();
  const resume = useCommand(run.id);
  const latest = data?.checkpoints.filter((checkpoint) => !checkpoint.removed).at(-1);
  const label = latest === undefined ? "Start it again" : `Resume from the checkpoint at step ${latest.step}`;

  return (
    <Box mb={12}>
      <Problem
        title={`This run failed${error ? `: ${spaced(error.error)}` : ""}`}
        detail={error?.detail ?? "No reason was recorded; read the end of the log."}
        where={error?.where === run.id ? null : error?.where}
        testId="run-error"
      >
        <Button
          variant="filled"
          loading={resume.isPending}
          onClick={() => resume.mutate({ command: "resume" })}
          data-testid="failure-resume"
        >
          {label}
        </Button>
        <Button onClick={() => change({ tab: "logs" })}>Read the log</Button>
      </Problem>
    </Box>
  );
}
