import type { RunConfig } from "~/api/types";

/** Parameters of an evaluation to begin with: the run's own sets, or one of the prompts that it does not train on. */
export function firstEvaluation(config: RunConfig): Record<string, unknown> {
  const { data, budget, evaluation } = config;
  if (evaluation?.sets?.length) return {};
  const { max_response_tokens, temperature } = budget ?? {};
  return { sets: [{ name: "held-out", data, prompts: 64, samples: 4, max_response_tokens, temperature }] };
}
