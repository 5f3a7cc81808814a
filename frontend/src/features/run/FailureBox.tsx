import { Box, Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { checkpointsQuery } from "~/api/runs";
import type { RunDetail, RunError } from "~/api/types";
import { ButtonLink } from "~/components/ButtonLink";
import { useCommand } from "~/components/commands/useCommand";
import { Problem } from "~/components/ErrorBox";
import { useView } from "~/components/useView";
import { spaced } from "~/lib/words";

/** Why the run failed, and the ways on from there. */
export function FailureBox({ run }: { run: RunDetail }) {
  const error = (run.error ?? null) as RunError | null;
  const [, change] = useView();
  return (
    <Box mb={12}>
      <Problem
        title={`This run failed${error ? `: ${spaced(error.error)}` : ""}`}
        detail={error?.detail ?? "No reason was recorded; read the end of the log."}
        where={error?.where === run.id ? null : error?.where}
        testId="run-error"
      >
        {run.begin_again && run.possible.includes("resume") && <Again run={run} />}
        {run.kind === "trained" && (
          <ButtonLink
            variant={run.begin_again ? "default" : "filled"}
            to="/launch"
            search={{ clone: run.id, field: run.wrong_field ?? undefined }}
            data-testid="edit-and-relaunch"
          >
            Edit and relaunch
          </ButtonLink>
        )}
        <Button onClick={() => change({ tab: "logs" })}>Read the log</Button>
      </Problem>
    </Box>
  );
}

function Again({ run }: { run: RunDetail }) {
  const { data } = useQuery(checkpointsQuery(run.id));
  const resume = useCommand(run.id);
  const latest = data?.checkpoints.filter((checkpoint) => !checkpoint.removed).at(-1);
  return (
    <Button
      variant="filled"
      loading={resume.isPending}
      onClick={() => resume.mutate({ command: "resume" })}
      data-testid="failure-resume"
    >
      {latest === undefined ? "Start it again" : `Resume from the checkpoint at step ${latest.step}`}
    </Button>
  );
}
