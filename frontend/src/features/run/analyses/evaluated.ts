import type { Variant } from "~/api/types";

export interface AnsweredSet {
  name: string;
  forgetting: boolean;
  prompts: number;
  judged: number;
  samples: number;
  temperature: number;
  longest: number;
  trainedOn: number;
  tooLong: number;
  /** What each set of weights made of it, in the order in which they were asked. */
  weights: Variant[];
}

/** What was found, set by set: targets first, then sets for forgetting; and the k of pass@k that any of them tells. */
export function answeredSets(variants: readonly Variant[]): { sets: AnsweredSet[]; ks: number[] } {
  const sets = new Map<string, AnsweredSet>();
  for (const one of variants) {
    const name = String(one.details.set);
    const known = sets.get(name) ?? asAsked(name, one.details);
    known.weights.push(one);
    sets.set(name, known);
  }
  const measures = variants.flatMap(({ scores }) => scores.map(({ measure }) => measure));
  const ks = new Set(measures.flatMap((measure) => /^pass@(\d+)$/.exec(measure)?.[1] ?? []).map(Number));
  return {
    sets: [...sets.values()].sort((a, b) => Number(a.forgetting) - Number(b.forgetting)),
    ks: [...ks].filter((k) => k > 1).sort((a, b) => a - b), // pass@1 is avg@n
  };
}

function asAsked(name: string, details: Variant["details"]): AnsweredSet {
  return {
    name,
    forgetting: details.forgetting === true,
    prompts: Number(details.prompts),
    judged: Number(details.judged),
    samples: Number(details.samples),
    temperature: Number(details.temperature),
    longest: Number(details.max_response_tokens),
    trainedOn: Number(details.trained_on),
    tooLong: Number(details.too_long),
    weights: [],
  };
}
