import { expect, it } from "vitest";
import { bothOf, complete, type Field, inserted, problemSpan, quoted } from "./queryCompletion";

const field = (name: string, type: string, examples: string[] = []): Field => ({
  name,
  type,
  title: name,
  description: "",
  examples,
});
const FIELDS = [
  field("state", "word", ["running", "stopped"]),
  field("step", "number"),
  field("eval/accuracy", "number"),
  field("group", "text", ["lr sweep", "base"]),
];
const labels = (text: string) => complete(text, text.length, FIELDS).options.map(({ label }) => label);

it("offers fields, then operators, then values, then what joins conditions", () => {
  expect(labels("st")).toEqual(["state", "step"]);
  expect(labels("accur")).toEqual(["eval/accuracy"]);
  expect(labels("state ")).toEqual(["=", "!=", "~", "in (", "is empty", "is not empty"]);
  expect(labels("step ")[0]).toBe(">");
  expect(labels("state = r")).toEqual(["running"]);
  expect(labels("state in (running, s")).toEqual(["stopped"]);
  expect(labels("state = running ").slice(0, 2)).toEqual(["and", "or"]);
  expect(labels("state = running and gr")).toEqual(["group"]);
});

it("puts an option in place of the word at the caret, in quotation marks where it needs them", () => {
  const text = "state = running and group = lr";
  const completion = complete(text, text.length, FIELDS);
  const [option] = completion.options;
  expect(option && inserted(text, completion, option)).toEqual({
    text: 'state = running and group = "lr sweep" ',
    caret: 39,
  });
  const middle = complete("sta = x", 2, FIELDS);
  expect(middle.options[0] && inserted("sta = x", middle, middle.options[0]).text).toBe("state = x");
  expect([quoted("plain"), quoted("and"), quoted('a "b"')]).toEqual(["plain", '"and"', '"a \\"b\\""']);
});

it("reads the place of a problem and joins queries", () => {
  expect(problemSpan("query:3-7")).toEqual({ start: 3, end: 7 });
  expect(problemSpan("sort")).toBeNull();
  expect([bothOf("", " a "), bothOf("a", ""), bothOf("a or b", "c")]).toEqual(["a", "a", "(a or b) and (c)"]);
});
