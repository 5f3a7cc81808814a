import { describe, expect, it } from "vitest";
import { compact, filled, leavesOf, meant, sectionsOf } from "./configSchema";

const schema = {
  $defs: {
    None: { title: "None", properties: { kind: { const: "none", default: "none" } } },
    Eff: {
      title: "EffOPD",
      properties: {
        kind: { const: "effopd", default: "effopd" },
        candidates: { type: "integer", default: 5 },
        max_kl: { anyOf: [{ type: "number" }, { type: "null" }], default: null },
        score: { enum: ["accuracy", "both"], default: "accuracy" },
      },
    },
    Budget: { properties: { steps: { type: "integer", default: 64 }, batch_size: { type: "integer", default: 8 } } },
  },
  properties: {
    name: { type: "string", default: "" },
    strategy: {
      oneOf: [{ $ref: "#/$defs/None" }, { $ref: "#/$defs/Eff" }],
      discriminator: { mapping: { none: "#/$defs/None", effopd: "#/$defs/Eff" } },
      default: { kind: "none" },
    },
    budget: { $ref: "#/$defs/Budget", default: { steps: 64, batch_size: 8 } },
    seed: { type: "integer", default: 0 },
  },
  sections: [
    { title: "Budget", fields: ["budget"] },
    { title: "Run", fields: ["name"] },
  ],
};
const everything = { name: "", strategy: { kind: "none" }, budget: { steps: 64, batch_size: 8 }, seed: 0 };

describe("defaults", () => {
  it("fill what is left out, of the kind that was chosen", () => {
    expect(filled(schema, {})).toEqual(everything);
    expect(filled(schema, { strategy: { kind: "effopd", candidates: 3 }, budget: { steps: 2 } })).toEqual({
      ...everything,
      strategy: { kind: "effopd", candidates: 3, max_kl: null, score: "accuracy" },
      budget: { steps: 2, batch_size: 8 },
    });
  });

  it("leave unknown keys, unknown kinds and wrong types for the server to refuse", () => {
    expect(filled(schema, { learning_rat: 1 }).learning_rat).toBe(1);
    expect(filled(schema, { strategy: { kind: "magic", a: 1 } }).strategy).toEqual({ kind: "magic", a: 1 });
    expect(filled(schema, { budget: 5 }).budget).toBe(5);
  });

  it("are left out again, and the round trip is exact", () => {
    const config = filled(schema, { strategy: { kind: "effopd", max_kl: 0.1 }, seed: 3 });
    expect(compact(schema, config)).toEqual({ strategy: { kind: "effopd", max_kl: 0.1 }, seed: 3 });
    expect(filled(schema, compact(schema, config))).toEqual(config);
    expect(compact(schema, everything)).toEqual({});
  });
});

it("what a form leaves behind of the old kind is not there", () => {
  const config = { ...everything, seed: 1, strategy: { kind: "none", candidates: undefined } };
  expect(Object.keys(filled(schema, config).strategy as object)).toEqual(["kind"]);
  const other = { ...everything, strategy: { kind: "effopd", candidates: 3, left: undefined } };
  expect(Object.keys(compact(schema, other).strategy as object)).toEqual(["kind", "candidates"]);
});

it("a field that no section names joins the last", () => {
  expect(sectionsOf(schema)).toEqual([
    { title: "Budget", fields: ["budget"] },
    { title: "Run", fields: ["name", "strategy", "seed"] },
  ]);
});

it("leaves are single values with what they may be", () => {
  const leaves = leavesOf(schema, filled(schema, { strategy: { kind: "effopd" } }));
  expect(leaves.map(({ path, type }) => `${path} ${type}`)).toEqual([
    "name text",
    "strategy.kind choice",
    "strategy.candidates number",
    "strategy.max_kl number",
    "strategy.score choice",
    "budget.steps number",
    "budget.batch_size number",
    "seed number",
  ]);
  expect(leaves[1]?.options.map(({ label }) => label)).toEqual(["None", "EffOPD"]);
  expect(leaves[3]?.nullable).toBe(true);
});

it("what another kind calls by the same name is not taken over, in lists neither", () => {
  const file = {
    properties: { kind: { const: "file" }, held_out: { default: "" }, instruction: { default: "Think." } },
  };
  const held_out = { default: "", "x-control": "hub_split" };
  const hub = { properties: { ...file.properties, kind: { const: "hub" }, held_out } };
  const data = { oneOf: [], discriminator: { mapping: { file: "#/$defs/File", hub: "#/$defs/Hub" } } };
  const root = {
    $defs: { File: file, Hub: hub },
    properties: { data, sets: { items: { properties: { data } } } },
  };
  const before = { kind: "hub", held_out: "test", instruction: "Short." };
  const after = { ...before, kind: "file" };
  const wanted = { kind: "file", held_out: "", instruction: "Short." };
  expect(meant(root, { data: before }, { data: after })).toEqual({ data: wanted });
  const sets = (one: object) => ({ data: before, sets: [{ data: before }, { data: one }] });
  expect(meant(root, sets(before), sets(after))).toEqual(sets(wanted));
  const typed = { data: { ...before, held_out: "dev" }, more: 1 };
  expect(meant(root, { data: before }, typed)).toEqual(typed);
});
