import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { planQuery } from "~/api/launch";
import type { Plan, RunConfig, SweepIn } from "~/api/types";
import { differences } from "~/lib/configPaths";
import { concerns } from "~/lib/findFields";
import type { FieldProblem } from "~/lib/formErrors";

const PATIENCE_MS = 250;

export interface LaunchPlan {
  plan: Plan | undefined;
  /** What was refused and has not been touched since. */
  problems: readonly FieldProblem[];
  /** Paths that lead nowhere, and have not been touched since. */
  unseen: readonly FieldProblem[];
  /** The plan is of the present values. */
  current: boolean;
  error: Error | null;
}

/** What a launch would do, asked again a moment after each change. */
export function usePlan(config: RunConfig, rest: Omit<SweepIn, "config">): LaunchPlan {
  const key = JSON.stringify({ config, ...rest });
  const [asked] = useDebouncedValue(key, PATIENCE_MS);
  const { data, error, isPlaceholderData } = useQuery(planQuery(JSON.parse(asked) as SweepIn));
  const [problems, unseen] = useMemo(() => {
    if (data === undefined) return [[], []];
    const now = { config: JSON.parse(key).config, sweep: JSON.parse(key).sweep };
    const touched = differences({ config: data.asked.config, sweep: data.asked.sweep }, now).map(({ path }) =>
      path.replace(/^config\./, ""),
    );
    const stands = ({ path }: FieldProblem) => !touched.some((at) => concerns(at, path));
    return [data.plan.problems.filter(stands), (data.plan.unseen ?? []).filter(stands)];
  }, [data, key]);
  return { plan: data?.plan, problems, unseen, current: asked === key && !isPlaceholderData, error };
}
