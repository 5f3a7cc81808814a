import { expect, test } from "vitest";
import type { Variant } from "~/api/types";
import { answeredSets } from "./evaluated";

function variant(index: number, set: string, measures: string[], forgetting = false): Variant {
  const none = { value: null, low: null, high: null };
  return {
    index,
    family: "base",
    x: 0,
    label: "base weights",
    norm: null,
    details: {
      set,
      forgetting,
      prompts: 8,
      judged: 6,
      samples: 4,
      temperature: 0.6,
      max_response_tokens: 32,
      trained_on: 2,
      too_long: 1,
    },
    scores: measures.map((measure) => ({
      measure,
      score: none,
      over_base: none,
      over_final: none,
      recovery: none,
      per_prompt: [],
    })),
  };
}

test("sets come with what they were asked for, those for forgetting last, and pass@k of every set's k but 1", () => {
  const { sets, ks } = answeredSets([
    variant(1, "facts", ["avg", "pass@1", "pass@4"], true),
    variant(2, "sums", ["avg", "pass@1", "pass@16", "maj"]),
    variant(3, "facts", ["avg", "pass@1", "pass@4"], true),
  ]);
  expect(ks).toEqual([4, 16]);
  expect(sets.map(({ name }) => name)).toEqual(["sums", "facts"]);
  expect(sets[1]?.weights.map(({ index }) => index)).toEqual([1, 3]);
  expect(sets[0]).toMatchObject({
    prompts: 8,
    judged: 6,
    samples: 4,
    temperature: 0.6,
    longest: 32,
    trainedOn: 2,
    tooLong: 1,
  });
});
