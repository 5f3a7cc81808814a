import { Button, Group, Select, Stack } from "@mantine/core";
import { IconMicroscope } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useId, useState } from "react";
import { analysisKeys, queueAnalysis } from "~/api/analyses";
import { ApiError } from "~/api/client";
import type { Intervention } from "~/api/types";
import { ErrorBox } from "~/components/ErrorBox";
import { Loading } from "~/components/Loading";
import { notify } from "~/components/notify";

const AnalysisForm = lazy(() => import("./AnalysisForm"));

interface AskAnalysisProps {
  runId: string;
  interventions: readonly Intervention[];
  /** The intervention to begin with, and parameters of it; without, the first one. */
  kind?: string;
  given?: Record<string, unknown>;
}

/** Which intervention, with what parameters; queued as a job of its own. */
export function AskAnalysis({ runId, interventions, kind: first, given = {} }: AskAnalysisProps) {
  const cache = useQueryClient();
  const form = useId();
  const [kind, setKind] = useState(first ?? interventions[0]?.kind ?? "");
  const [values, setValues] = useState(given);
  const chosen = interventions.find((one) => one.kind === kind);
  const queue = useMutation({
    mutationFn: () => queueAnalysis(runId, kind, values),
    onSuccess: () => {
      notify(`${chosen?.title ?? kind} is queued`);
      void cache.invalidateQueries({ queryKey: analysisKeys.lists });
    },
  });
  const choose = (next: string) => {
    setKind(next);
    setValues({});
    queue.reset();
  };
  const problems = queue.error instanceof ApiError ? queue.error.fields : [];
  // A list is one field here: what is wrong with a number of it is shown beside the list.
  const own = problems.map(({ path, message }) => ({
    path: path.replace(/^parameters\./, "").replace(/\.\d+$/, ""),
    message,
  }));
  if (chosen === undefined) return null;
  return (
    <Stack
      className="card"
      p="12px 14px"
      role="region"
      aria-label="Ask for a job of a worker"
      data-testid="ask-analysis"
    >
      <Group gap="8px 12px" align="flex-end">
        <Select
          w={280}
          label="What is asked"
          data={interventions.map((one) => ({ value: one.kind, label: one.title }))}
          value={kind}
          onChange={(next) => next !== null && choose(next)}
          allowDeselect={false}
          data-testid="analysis-kind"
        />
        <Button
          variant="filled"
          type="submit"
          form={form}
          leftSection={<IconMicroscope size={14} aria-hidden />}
          loading={queue.isPending}
          data-testid="analysis-submit"
        >
          Queue it
        </Button>
      </Group>
      <p className="soft">{chosen.description}</p>
      <Suspense fallback={<Loading />}>
        <AnalysisForm
          key={kind}
          id={form}
          schema={chosen.parameters_schema}
          values={values}
          problems={own}
          onChange={setValues}
          onSubmit={() => queue.mutate()}
        />
      </Suspense>
      {queue.error && problems.length === 0 && <ErrorBox title="Nothing was queued" error={queue.error} />}
    </Stack>
  );
}
