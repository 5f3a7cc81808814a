import { describe, expect, it } from "vitest";
import { ago, alongD, bytes, count, duration, fixed, minuses, moment, number, percent, signed } from "./format";

describe("number", () => {
  it.each([
    [0, "0"],
    [0.41312, "0.4131"],
    [12, "12"],
    [1234.5, "1235"],
    [12345.6, "12346"],
    [1e-5, "1e-5"],
    [0.00012345, "1.23e-4"],
    [1e6, "1e6"],
    [-0.5, "−0.5"],
    [Number.NaN, "NaN"],
    [Number.POSITIVE_INFINITY, "+∞"],
    [Number.NEGATIVE_INFINITY, "−∞"],
    [null, "–"],
    [undefined, "–"],
  ])("shows %s as %s", (value, text) => {
    expect(number(value)).toBe(text);
  });
});

describe("alongD", () => {
  it("has one sign", () => {
    expect([2, -0.6].map(alongD)).toEqual(["+ 2 D", "− 0.6 D"]);
  });
});

describe("minuses", () => {
  it("are those of numbers alone", () => {
    expect(minuses("-0.6 below -0.5 (95% interval -0.1 to 1e-5) in step-norm, -inf")).toBe(
      "−0.6 below −0.5 (95% interval −0.1 to 1e-5) in step-norm, −inf",
    );
  });
});

describe("duration", () => {
  it.each([
    [0.234, "0.2 s"],
    [9.97, "10 s"],
    [59.6, "1 min 00 s"],
    [65, "1 min 05 s"],
    [3600, "1 h 00 min"],
    [7505, "2 h 05 min"],
    [100_000, "1 d 3 h"],
    [-5, "−5.0 s"],
    [null, "–"],
    [Number.NaN, "–"],
  ])("shows %s seconds as %s", (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });
});

it("shortens counts and bytes", () => {
  expect([count(999), count(98304), count(12_345_678), count(2e9)]).toEqual(["999", "98.3k", "12.3M", "2B"]);
  expect([count(999_999), count(-4500), count(12.34)]).toEqual(["1M", "−4.5k", "12.3"]);
  expect([bytes(12), bytes(2048), bytes(3_900_000)]).toEqual(["12 B", "2 KiB", "3.72 MiB"]);
  expect([bytes(0), bytes(1_040_000)]).toEqual(["0 B", "1016 KiB"]);
});

it("keeps decimals and signs", () => {
  expect(fixed(0.2, 4)).toBe("0.2000");
  expect(fixed(Number.NaN)).toBe("NaN");
  expect(signed(0.012)).toBe("+0.012");
  expect(signed(-0.012)).toBe("−0.012");
  expect(percent(0.4444)).toBe("44.4 %");
  expect(percent(null)).toBe("–");
});

it("tells ages and moments", () => {
  expect(ago(100, 101)).toBe("just now");
  expect(ago(100, 165)).toBe("1 min 05 s ago");
  expect(ago(null, 5)).toBe("never");
  const now = new Date(2026, 4, 5, 13, 0, 0);
  expect(moment(new Date(2026, 4, 5, 9, 5, 7).getTime() / 1000, now)).toBe("09:05:07");
  expect(moment(new Date(2026, 1, 3, 9, 5).getTime() / 1000, now)).toBe("3 Feb 09:05");
  expect(moment(new Date(2025, 1, 3, 9, 5).getTime() / 1000, now)).toBe("3 Feb 2025 09:05");
});
