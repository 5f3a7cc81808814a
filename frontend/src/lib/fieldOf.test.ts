import { expect, test } from "vitest";
import { fieldOf } from "./fieldOf";

const config = {
  student: { kind: "folder", path: "/models/small" },
  data: { kind: "file", path: "/data/train.jsonl" },
  budget: { max_prompt_tokens: 16 },
};

test("an error stands at the field that it names, or whose value it names", () => {
  expect(fieldOf("budget.max_prompt_tokens", config)).toBe("budget.max_prompt_tokens");
  expect(fieldOf("teacher", { teacher: { kind: "none" } })).toBe("teacher");
  expect(fieldOf("/models/small", config)).toBe("student.path");
  expect(fieldOf("/data/train.jsonl:12", config)).toBe("data.path");
});

test("an error about something else stands at no field", () => {
  expect(fieldOf("/models/other", config)).toBeUndefined();
  expect(fieldOf("step 3", config)).toBeUndefined();
});
