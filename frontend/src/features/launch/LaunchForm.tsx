import { Button } from "@mantine/core";
import { IconRocket } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { ApiError } from "~/api/client";
import { launchRun, runKeys } from "~/api/runs";
import type { RunConfig } from "~/api/types";
import type { FieldProblem } from "~/lib/formErrors";
import type { JsonSchema } from "~/lib/formSchema";
import ConfigForm, { remaining } from "./ConfigForm";
import { DraftFacts } from "./DraftFacts";
import { ErrorSummary } from "./ErrorSummary";
import classes from "./LaunchPage.module.css";

export interface Draft {
  /** Another key starts the form anew. */
  key: string;
  preset?: string;
  config: RunConfig;
}

const FORM_ID = "launch-form";

/** The form beside what it amounts to; a refusal is shown at the fields and in sum. */
export function LaunchForm({ draft, schema }: { draft: Draft; schema: JsonSchema }) {
  const [config, setConfig] = useState(draft.config);
  const [problems, setProblems] = useState<readonly FieldProblem[]>([]);
  const cache = useQueryClient();
  const navigate = useNavigate();
  const launch = useMutation({
    mutationFn: () => launchRun(config),
    onSuccess: async (run) => {
      cache.setQueryData(runKeys.detail(run.id), run);
      void cache.invalidateQueries({ queryKey: runKeys.lists });
      await navigate({ to: "/runs/$runId", params: { runId: run.id } });
    },
    onError: (error) => setProblems(error instanceof ApiError ? error.fields : []),
  });

  return (
    <div className={classes.columns}>
      <div className={classes.form}>
        <ConfigForm
          id={FORM_ID}
          schema={schema}
          config={config}
          problems={problems}
          onChange={(next, field) => {
            setConfig(next);
            setProblems((before) => (before.length > 0 ? remaining(before, field) : before));
          }}
          onSubmit={() => launch.mutate()}
        />
      </div>
      <aside className={classes.aside} aria-label="What will be launched">
        <DraftFacts config={config} />
        {launch.error && <ErrorSummary error={launch.error} problems={problems} />}
        <Button
          type="submit"
          form={FORM_ID}
          size="sm"
          fullWidth
          leftSection={<IconRocket size={16} />}
          loading={launch.isPending}
          data-testid="launch-submit"
        >
          Launch run
        </Button>
      </aside>
    </div>
  );
}
