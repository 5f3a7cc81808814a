/** Configurations as YAML that people edit: comments survive, problems have a line, and any YAML parser reads the same. */
import { Document, isCollection, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit } from "yaml";
import { isValues, same, type Values } from "./configPaths";

export interface TextProblem {
  line: number;
  column: number;
  message: string;
}

/** compat: text that YAML 1.1 would take for a date or a truth value is quoted. */
const OPTIONS = { compat: "yaml-1.1", prettyErrors: false } as const;

/** For those of the parser's messages that speak of YAML's grammar. */
const WORDS: Record<string, string> = {
  BAD_ALIAS: "What begins with * is taken from elsewhere, and there is nothing of that name; put it in quotes",
  BAD_INDENT: "This does not stand below what it belongs to: give it as many spaces as the fields around it",
  BAD_SCALAR_START: "A text cannot begin with this character; put it in quotes",
  BLOCK_AS_IMPLICIT_KEY: "A colon too many: one line holds one field, or put the text in quotes",
  BLOCK_IN_FLOW: "Between braces or brackets fields are separated by commas",
  DUPLICATE_KEY: "This field is given twice; keep the one that counts",
  MULTILINE_IMPLICIT_KEY: "The name of a field and its colon stand in one line; is a colon missing?",
  TAB_AS_INDENT: "A tab does not indent in YAML; use spaces",
};

/** JSON values as YAML. */
export function toYaml(value: unknown): string {
  return written(new Document(value, OPTIONS));
}

/** The mapping in a text, or where it is not one. */
export function readYaml(text: string): { value?: Values; problems: TextProblem[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { ...OPTIONS, lineCounter: lines });
  const [first] = document.errors; // the others follow from it
  if (first !== undefined) {
    const { line, col } = lines.linePos(first.pos[0]);
    return { problems: [{ line, column: col, message: WORDS[first.code] ?? first.message }] };
  }
  const value: unknown = document.toJS() ?? {};
  if (isValues(value)) return { value, problems: [] };
  return { problems: [{ line: 1, column: 1, message: "There must be fields, such as `seed: 1`" }] };
}

/** The text changed to hold these values; what stays keeps its place and its comments. */
export function updatedYaml(text: string, values: Values): string {
  const document = parseDocument(text, OPTIONS);
  const before: unknown = document.toJS();
  if (document.errors.length > 0 || !isValues(before) || !isMap(document.contents)) return toYaml(values);
  synchronise(document, [], before, values);
  return written(document);
}

function synchronise(document: Document.Parsed, path: string[], before: Values, after: Values) {
  for (const key of Object.keys(before)) if (!(key in after)) document.deleteIn([...path, key]);
  for (const [key, value] of Object.entries(after)) {
    const [was, at] = [before[key], [...path, key]];
    if (isValues(was) && isValues(value)) synchronise(document, at, was, value);
    else if (!same(was, value) || !(key in before)) replace(document, at, value);
  }
}

/** A single value stays in its node, which carries the comment of its line. */
function replace(document: Document.Parsed, path: string[], value: unknown) {
  const node: unknown = document.getIn(path, true);
  if (!isScalar(node) || typeof value === "object") return document.setIn(path, document.createNode(value));
  Object.assign(node, { value, format: undefined, type: undefined });
}

function written(document: Document | Document.Parsed): string {
  visit(document as Document, {
    Scalar(_, node) {
      const { value } = node;
      if (typeof value === "number" && value !== 0 && Math.abs(value) < 1e-3) node.format = "EXP";
    },
  });
  return document.toString({ lineWidth: 0 });
}

/** Line and column of a field, or of the nearest thing around it that is there. */
export function positionOf(text: string, path: string): { line: number; column: number } {
  const lines = new LineCounter();
  const document = parseDocument(text, { ...OPTIONS, lineCounter: lines });
  const keys = path.split(".").filter(Boolean);
  for (; keys.length > 0; keys.pop()) {
    const parent: unknown = keys.length === 1 ? document.contents : document.getIn(keys.slice(0, -1), true);
    const pair = isMap(parent) ? parent.items.find(({ key }) => String(key) === keys.at(-1)) : undefined;
    if (pair && isNode(pair.key) && pair.key.range) {
      const { line, col } = lines.linePos(pair.key.range[0]);
      return { line, column: col };
    }
  }
  return { line: 1, column: 1 };
}

/** Values by name, or a list, in one line: `enable_thinking: false, budget: 100`. */
export function lineOf(values: Values | readonly unknown[]): string {
  const document = new Document(values, OPTIONS);
  if (isCollection(document.contents)) document.contents.flow = true;
  return document.toString({ lineWidth: 0, flowCollectionPadding: false }).trim().slice(1, -1);
}

/** What was typed as such a line; the text itself where it is none, for the server to refuse. */
export function typedLine(text: string, type: "object" | "array"): Values | unknown[] | string {
  const document = parseDocument(type === "object" ? `{${text}}` : `[${text}]`, OPTIONS);
  const { contents, errors } = document;
  // `enable_thinking` alone is half typed: YAML would make it null.
  const whole = isSeq(contents) || (isMap(contents) && contents.items.every(({ value }) => value !== null));
  return whole && errors.length === 0 ? (document.toJS() as Values | unknown[]) : text;
}
