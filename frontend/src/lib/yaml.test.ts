import { describe, expect, it } from "vitest";
import { lineOf, positionOf, readYaml, toYaml, typedLine, updatedYaml } from "./yaml";

it("writes what every YAML parser reads back as the same values", () => {
  const text = toYaml({ name: "OPD, lr 1e-5", kind: "no", day: "2026-01-01", rate: 1e-5, none: null, text: "a\nb" });
  expect(text).toBe('name: OPD, lr 1e-5\nkind: "no"\nday: "2026-01-01"\nrate: 1e-5\nnone: null\ntext: |-\n  a\n  b\n');
  expect(readYaml(text).value?.day).toBe("2026-01-01");
});

it("writes values in a line, and reads what was typed as one", () => {
  const values = { enable_thinking: false, date: "2024-01-01", budget: 100, tools: [{ name: "a, b" }] };
  expect(lineOf({ enable_thinking: false, budget: 100 })).toBe("enable_thinking: false, budget: 100");
  expect(lineOf({})).toBe("");
  expect(typedLine(lineOf(values), "object")).toEqual(values);
  expect(typedLine("", "object")).toEqual({});
  expect(typedLine("enable_thinking: fal", "object")).toEqual({ enable_thinking: "fal" });
  for (const half of ["enable", "a: 1, b", "a: [1", "}, {"]) expect(typedLine(half, "object")).toBe(half);
});

it("writes a list in a line, whatever is in its texts", () => {
  const tokens = ["<|im_end|>", "</s>", "a, b", "\n\n", "[END]", "# no", ": :", "|", "10", " "];
  expect(lineOf(["<|im_end|>", "</s>"])).toBe("<|im_end|>, </s>");
  expect(typedLine(lineOf(tokens), "array")).toEqual(tokens);
  expect(typedLine("", "array")).toEqual([]);
  for (const half of ["a, [", "], ["]) expect(typedLine(half, "array")).toBe(half);
});

describe("a text that is edited", () => {
  it("has problems with line and column", () => {
    const { value, problems } = readYaml("seed: 1\nbudget: {steps: 3\n");
    expect(value).toBeUndefined();
    expect(problems[0]?.line).toBe(3);
    expect(readYaml("seed: 1\nseed: 2").problems[0]).toMatchObject({ line: 2, column: 1 });
    expect(readYaml("- 1").problems[0]?.message).toContain("must be fields");
    expect(readYaml("").value).toEqual({});
  });

  it("keeps its comments when values change, come and go", () => {
    const text = "# why\nseed: 1 # lucky\nbudget:\n  # long\n  steps: 64\n  batch_size: 8\nname: a\n";
    expect(updatedYaml(text, { seed: 2, budget: { steps: 64 }, optimizer: { learning_rate: 1e-6 } })).toBe(
      "# why\nseed: 2 # lucky\nbudget:\n  # long\n  steps: 64\noptimizer:\n  learning_rate: 1e-6\n",
    );
  });

  it("is left as it is when nothing changes", () => {
    const text = "# why\nseed: 1\n\nbudget: { steps: 3 }\n";
    expect(updatedYaml(text, { seed: 1, budget: { steps: 3 } })).toBe(text);
  });

  it("is written anew where it cannot be read", () => {
    expect(updatedYaml("a: [", { seed: 1 })).toBe("seed: 1\n");
    expect(updatedYaml("", { seed: 1 })).toBe("seed: 1\n");
  });

  it("says where a field stands, or the nearest thing around it", () => {
    const text = "seed: 1\nbudget:\n  steps: 0\n";
    expect(positionOf(text, "budget.steps")).toEqual({ line: 3, column: 3 });
    expect(positionOf(text, "budget.batch_size")).toEqual({ line: 2, column: 1 });
    expect(positionOf(text, "")).toEqual({ line: 1, column: 1 });
  });
});
