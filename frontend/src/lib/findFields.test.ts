import { expect, it } from "vitest";
import type { Leaf } from "./configSchema";
import { foundFields, namesBeside, saidOf } from "./findFields";

const leaf = (path: string, label: string, help: string): Leaf => ({
  path,
  label,
  help,
  type: "number",
  options: [],
  nullable: false,
  shown: 1,
});
const leaves = [
  leaf("budget.max_response_tokens", "Max response tokens", "Responses are cut here."),
  leaf("budget.batch_size", "Batch size", "Responses per step."),
  leaf("strategy.kind", "Strategy", "What happens to the weights."),
  leaf("strategy.candidates", "Candidates", "How many tries."),
];
const trl = {
  max_completion_length: { paths: ["budget.max_response_tokens"], says: "", same: true },
  gradient_accumulation_steps: { paths: ["budget.batch_size"], says: "in budget.batch_size", same: false },
};

it("finds a field by title, key, help and what TRL calls it", () => {
  expect(foundFields(leaves, trl, "response tokens", null)).toEqual(["budget.max_response_tokens"]);
  expect(foundFields(leaves, trl, "batch_size", null)).toEqual(["budget.batch_size"]);
  expect(foundFields(leaves, trl, "CUT here", null)).toEqual(["budget.max_response_tokens"]);
  expect(foundFields(leaves, trl, "max_completion", null)).toEqual(["budget.max_response_tokens"]);
  expect(foundFields(leaves, trl, "gradient_accumulation_steps", null)).toEqual(["budget.batch_size"]);
  expect(foundFields(leaves, trl, "colour", null)).toEqual([]);
});

it("shows those alone that were changed, all of another kind", () => {
  const changes = [{ path: "strategy.kind", before: "none", after: "effopd" }];
  expect(foundFields(leaves, trl, "", changes)).toEqual(["strategy.kind", "strategy.candidates"]);
  expect(foundFields(leaves, trl, "tries", changes)).toEqual(["strategy.candidates"]);
  expect(foundFields(leaves, trl, "", [])).toEqual([]);
});

it("names beside a field what TRL means by the same", () => {
  expect(namesBeside(trl)).toEqual({ "budget.max_response_tokens": ["max_completion_length"] });
  expect(saidOf(trl, " gradient_accumulation_steps")).toBe(
    "TRL's gradient_accumulation_steps is in budget.batch_size here.",
  );
  expect(saidOf(trl, "max_completion_length")).toBe("");
});
