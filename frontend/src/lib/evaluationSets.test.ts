import { expect, test } from "vitest";
import { setsOf } from "./evaluationSets";

test("sets are told by their averages, once each, those that training is about first", () => {
  const keys = ["eval/accuracy", "eval/forgetting/facts/avg@2", "eval/gsm8k/pass@4", "eval/gsm8k/avg@4", "loss"];
  expect(setsOf(keys)).toEqual([
    { name: "gsm8k", forgetting: false, average: "eval/gsm8k/avg@4" },
    { name: "facts", forgetting: true, average: "eval/forgetting/facts/avg@2" },
  ]);
});
