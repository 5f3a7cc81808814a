import { describe, expect, it } from "vitest";
import { errorTree, fieldId, pathInWords, sentence } from "./formErrors";

describe("errorTree", () => {
  it("puts each message at its field", () => {
    const tree = errorTree([
      { path: "budget.steps", message: "Input should be greater than or equal to 1" },
      { path: "budget.batch_size", message: "Input should be a valid integer" },
      { path: "strategy.candidates", message: "Value error, too many" },
    ]);
    expect(tree).toEqual({
      budget: {
        steps: { __errors: ["Input should be greater than or equal to 1"] },
        batch_size: { __errors: ["Input should be a valid integer"] },
      },
      strategy: { candidates: { __errors: ["Too many"] } },
    });
  });

  it("keeps several messages at one field, and one at the whole", () => {
    const tree = errorTree([
      { path: "teacher", message: "a" },
      { path: "teacher", message: "b" },
      { path: "teacher.source.path", message: "c" },
      { path: "", message: "d" },
    ]);
    expect(tree.__errors).toEqual(["D"]);
    expect(tree.teacher).toEqual({ __errors: ["A", "B"], source: { path: { __errors: ["C"] } } });
  });

  it("does not mind the request's own prefix", () => {
    expect(errorTree([{ path: "config.seed", message: "x" }])).toEqual({ seed: { __errors: ["X"] } });
  });
});

it("names fields for people and for the form", () => {
  expect(pathInWords("budget.micro_batch_size")).toBe("budget › micro batch size");
  expect(fieldId("budget.micro_batch_size")).toBe("root_budget_micro_batch_size");
  expect(sentence("Value error, context must contain {prompt}")).toBe("Context must contain {prompt}");
  expect(sentence("data.kind and student.kind belong together")).toBe("data.kind and student.kind belong together");
});
