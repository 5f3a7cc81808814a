import { expect, test } from "vitest";
import type { RunConfig } from "~/api/types";
import { firstEvaluation } from "./ownSet";

const config = {
  data: { kind: "hub", repo_id: "lab/sums", held_out: "test" },
  budget: { max_response_tokens: 48, temperature: 0.7 },
} as RunConfig;

test("a run without sets is evaluated as it answers its own held-out prompts", () => {
  expect(firstEvaluation(config).sets).toEqual([
    { name: "held-out", data: config.data, prompts: 64, samples: 4, max_response_tokens: 48, temperature: 0.7 },
  ]);
});

test("a run's own sets need not be told", () => {
  const sets = [{ name: "math" }];
  expect(firstEvaluation({ ...config, evaluation: { sets } } as RunConfig)).toEqual({});
});
