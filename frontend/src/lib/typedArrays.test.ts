import { describe, expect, it } from "vitest";
import { concatenate, decode, numbersOf } from "./typedArrays";

function encoded(array: Float64Array | Float32Array | Int32Array, dtype: string, shape?: string) {
  const bytes = new Uint8Array(array.buffer);
  return { dtype, bdata: btoa(String.fromCharCode(...bytes)), shape };
}

describe("decode", () => {
  it("reads doubles, NaN and infinities included", () => {
    const values = decode(encoded(Float64Array.of(1.5, Number.NaN, Number.NEGATIVE_INFINITY), "f8"));
    expect(values).toBeInstanceOf(Float64Array);
    expect(Array.from(values as Float64Array)).toEqual([1.5, Number.NaN, Number.NEGATIVE_INFINITY]);
  });

  it("reads floats and integers as they were written", () => {
    expect(decode(encoded(Float32Array.of(0.5, 2), "f4"))).toEqual(Float32Array.of(0.5, 2));
    expect(decode(encoded(Int32Array.of(-7, 8), "i4"))).toEqual(Int32Array.of(-7, 8));
  });

  it("cuts a matrix into rows", () => {
    const rows = decode(encoded(Float64Array.of(1, 2, 3, 4, 5, 6), "f8", "2, 3")) as Float64Array[];
    expect(rows.map((row) => Array.from(row))).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
  });

  it("refuses a type it does not know", () => {
    expect(() => decode({ dtype: "c16", bdata: "" })).toThrow(/c16/);
  });
});

describe("concatenate", () => {
  it("keeps equal typed arrays typed", () => {
    const joined = concatenate(encoded(Float64Array.of(1, 2), "f8"), encoded(Float64Array.of(3), "f8"));
    expect(joined).toEqual(Float64Array.of(1, 2, 3));
  });

  it("makes null among numbers a gap", () => {
    const joined = concatenate(Float64Array.of(1), [null, 2]);
    expect(joined).toEqual(Float64Array.of(1, Number.NaN, 2));
  });

  it("joins labels as a list", () => {
    expect(concatenate(["q"], ["k", "v"])).toEqual(["q", "k", "v"]);
  });

  it("takes what is there when one side is missing", () => {
    expect(concatenate(undefined, Float64Array.of(1))).toEqual(Float64Array.of(1));
    expect(concatenate([1], undefined)).toEqual([1]);
  });
});

it("numbersOf reads encoded and plain columns alike", () => {
  expect(numbersOf(encoded(Float64Array.of(1, 2), "f8"))).toEqual([1, 2]);
  expect(numbersOf([1, null, "3"])).toEqual([1, Number.NaN, 3]);
});
