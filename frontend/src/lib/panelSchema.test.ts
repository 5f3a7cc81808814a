import { expect, it } from "vitest";
import { controlsOf, knownParams } from "./panelSchema";

const schema = {
  properties: {
    statistic: {
      enum: ["update_norm", "stable_rank"],
      "x-enum-titles": ["Update norm", "Stable rank"],
      default: "update_norm",
      type: "string",
      title: "Statistic",
      description: "What.",
    },
    step: { anyOf: [{ type: "integer", minimum: 0 }, { type: "null" }], default: null, "x-control": "step" },
    log: { type: "boolean", default: false },
    smoothing: { type: "number", minimum: 0, exclusiveMaximum: 1, default: 0, "x-control": "slider" },
    k: { enum: [1, 5], type: "integer", default: 5 },
    reference: { anyOf: [{ type: "integer" }, { type: "null" }], default: null },
    module: { type: "string", default: "" },
  },
};

it("draws a control for each parameter", () => {
  const controls = controlsOf(schema, { choices: { reference: [1, 2] } });
  expect(controls.map(({ name, kind }) => [name, kind])).toEqual([
    ["statistic", "choice"],
    ["step", "step"],
    ["log", "switch"],
    ["smoothing", "range"],
    ["k", "choice"],
    ["reference", "choice"],
    ["module", "text"],
  ]);
  expect(controls[0]?.options).toEqual([
    { value: "update_norm", label: "Update norm" },
    { value: "stable_rank", label: "Stable rank" },
  ]);
  expect(controls[0]?.initial).toBe("update_norm");
  expect(controls[5]?.options.map(({ value }) => value)).toEqual(["", "1", "2"]);
  expect(controls[3]).toMatchObject({ minimum: 0, maximum: 1 });
});

it("leaves out controls that change nothing, and says what an empty choice means", () => {
  const tower = { properties: { tower: { type: "string", default: "", "x-empty": "language model" }, sort: {} } };
  const [control, ...others] = controlsOf(tower, { choices: { tower: ["", "vision"] }, unused: ["sort"] });
  expect(others).toEqual([]);
  expect(control?.options.map(({ label }) => label)).toEqual(["language model", "vision"]);
});

it("sends only parameters that the panel has; the page's own come first", () => {
  expect(knownParams(schema, { statistic: "a", other: "b", k: "5" }, { statistic: "c" })).toEqual({
    statistic: "c",
    k: "5",
  });
});
