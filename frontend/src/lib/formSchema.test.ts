import { describe, expect, it } from "vitest";
import { inWords, isNullable, numberText, prepared, range, typedNumber } from "./formSchema";

it("writes a nullable type as one field", () => {
  const field = prepared({
    anyOf: [{ minimum: 1, type: "integer" }, { type: "null" }],
    default: null,
    title: "Micro Batch Size",
  });
  expect(field).toEqual({ minimum: 1, type: ["integer", "null"], default: null, title: "Micro batch size" });
  expect(isNullable(field)).toBe(true);
});

it("leaves unions, values and proper names alone", () => {
  const union = { anyOf: [{ $ref: "#/a" }, { type: "null" }] };
  expect(prepared(union)).toEqual(union);
  expect(prepared({ enum: ["Batch Size"], default: "Batch Size" })).toEqual({
    enum: ["Batch Size"],
    default: "Batch Size",
  });
  expect([
    inWords("Built-in demo model"),
    inWords("EffOPD"),
    inWords("Weight Decay"),
    inWords("Hugging Face hub"),
  ]).toEqual(["Built-in demo model", "EffOPD", "Weight decay", "Hugging Face hub"]);
});

it("says what a number may be", () => {
  expect(range({ type: "integer", minimum: 1, maximum: 32 })).toBe("1 to 32");
  expect(range({ type: "number", exclusiveMinimum: 0, maximum: 1 })).toBe("above 0, at most 1");
  expect(range({ type: "string", minimum: 1 })).toBe("");
});

describe("numbers in the form", () => {
  it("are shown as people write them", () => {
    expect([numberText(1e-5), numberText(0.000025), numberText(64), numberText(null)]).toEqual([
      "1e-5",
      "2.5e-5",
      "64",
      "",
    ]);
  });

  it("are read in any notation; what is no number goes to the server as typed", () => {
    expect([typedNumber("1e-6", false), typedNumber("0,5", false), typedNumber("−2", false)]).toEqual([1e-6, 0.5, -2]);
    expect([typedNumber("", true), typedNumber("", false), typedNumber("many", false)]).toEqual([
      null,
      undefined,
      "many",
    ]);
  });
});
