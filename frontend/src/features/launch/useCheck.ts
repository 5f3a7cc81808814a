import { useMutation, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { askCheck, checkQuery } from "~/api/checks";
import { ApiError } from "~/api/client";
import { runQuery } from "~/api/runs";
import type { Check, RunConfig, RunDetail, RunError } from "~/api/types";
import { same } from "~/lib/configPaths";
import type { FieldProblem } from "~/lib/formErrors";

const ASKED_AGAIN_MS = 1000;
const ENDED: readonly string[] = ["finished", "stopped", "failed"];

export interface AskedCheck {
  ask: () => void;
  /** The job, once a worker has been asked. */
  job: RunDetail | undefined;
  busy: boolean;
  found: Check | undefined;
  /** The form has other values by now. */
  outdated: boolean;
  error: unknown;
  /** What was refused, at its field; gone as soon as a value changes. */
  problems: readonly FieldProblem[];
}

/** A check of the present configuration, by a worker, when it is asked for. */
export function useCheck(config: RunConfig): AskedCheck {
  const asking = useMutation({ mutationFn: async (asked: RunConfig) => ({ asked, id: (await askCheck(asked)).id }) });
  const id = asking.data?.id;
  const { data: job } = useQuery({
    ...runQuery(id ?? ""),
    enabled: id !== undefined,
    refetchInterval: ({ state }) => (ENDED.includes(state.data?.state ?? "") ? false : ASKED_AGAIN_MS),
  });
  const answer = useQuery({ ...checkQuery(id ?? ""), enabled: job?.state === "finished" });
  const outdated = asking.data !== undefined && !same(asking.data.asked, config);
  const failure = job?.state === "failed" ? (job.error as RunError | null) : null;
  const path = job?.wrong_field;
  const problems = useMemo(() => {
    if (outdated) return [];
    if (asking.error instanceof ApiError) return asking.error.fields;
    return failure && path != null ? [{ path, message: failure.detail }] : [];
  }, [outdated, failure, path, asking.error]);
  return {
    ask: () => asking.mutate(config),
    job,
    busy: asking.isPending || (id !== undefined && !ENDED.includes(job?.state ?? "")) || answer.isLoading,
    found: answer.data ?? undefined,
    outdated,
    error: asking.error ?? (failure && new ApiError(422, failure.error, failure.detail, failure.where)) ?? answer.error,
    problems,
  };
}
