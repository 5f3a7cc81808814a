/** Evaluation sets, as the names of their scalars tell them: eval/gsm8k/avg@4, eval/forgetting/trivia/pass@8. */

const AVERAGE = /^eval\/(forgetting\/)?([^/]+)\/avg@\d+$/;

export interface EvaluationSet {
  name: string;
  /** What training is not about. */
  forgetting: boolean;
  /** The scalar of its share of right answers. */
  average: string;
}

/** Each set once; those that training is about come first. */
export function setsOf(keys: Iterable<string>): EvaluationSet[] {
  const found = new Map<string, EvaluationSet>();
  for (const key of [...keys].sort()) {
    const [, forgetting, name] = AVERAGE.exec(key) ?? [];
    if (name !== undefined && !found.has(name)) {
      found.set(name, { name, forgetting: forgetting !== undefined, average: key });
    }
  }
  return [...found.values()].sort((one, other) => Number(one.forgetting) - Number(other.forgetting));
}
