/** What may come next while a query of the runs table is typed. */

export interface Field {
  name: string;
  type: string;
  title: string;
  description: string;
  examples: readonly string[];
}

export interface Option {
  /** Replaces the word at the caret. */
  insert: string;
  label: string;
  help: string;
}

export interface Completion {
  /** The word that an option replaces. */
  start: number;
  end: number;
  options: Option[];
}

const MOST_OPTIONS = 12;
const WORD = /[^\s()=!<>~,"']*$/;
const AFTER_OPERATOR = /([^\s()=!<>~,"']+)\s*(?:!=|>=|<=|=|>|<|~)\s*$/;
const IN_LIST = /([^\s()=!<>~,"']+)\s+(?:not\s+)?in\s*\([^()]*$/i;
const AFTER_CONDITION = /(?:(?:!=|>=|<=|=|>|<|~)\s*(?:"[^"]*"|'[^']*'|[^\s()=!<>~,"']+)|\)|\bempty)\s+$/i;
const AFTER_NAME = /(?:^|[\s(])([^\s()=!<>~,"']+)\s+$/;
const TEXT_OPERATORS = ["=", "!=", "~", "in (", "is empty", "is not empty"];
const NUMBER_OPERATORS = [">", ">=", "<", "<=", "=", "!=", "is empty", "is not empty"];
const OPERATOR_HELP: Record<string, string> = {
  "=": "equals",
  "!=": "differs from",
  "~": "contains",
  ">": "more than",
  ">=": "at least",
  "<": "less than",
  "<=": "at most",
  "in (": "one of",
  "is empty": "has no value",
  "is not empty": "has a value",
};

/** Options for the word at the caret: values after an operator, operators after a field, else fields. */
export function complete(text: string, caret: number, fields: readonly Field[]): Completion {
  const before = text.slice(0, caret);
  const word = WORD.exec(before)?.[0] ?? "";
  const start = caret - word.length;
  const rest = before.slice(0, start);
  const end = caret + (/^[^\s()=!<>~,"']*/.exec(text.slice(caret))?.[0].length ?? 0);
  const named = (name: string | undefined) => fields.find((field) => field.name.toLowerCase() === name?.toLowerCase());
  const compared = AFTER_OPERATOR.exec(rest)?.[1] ?? IN_LIST.exec(rest)?.[1];
  if (compared !== undefined) return { start, end, options: values(named(compared), word) };
  if (AFTER_CONDITION.test(rest)) return { start, end, options: [...joins(word), ...fieldsLike(fields, word)] };
  const field = named(AFTER_NAME.exec(rest)?.[1]);
  if (field !== undefined) return { start, end, options: operators(field, word) };
  return { start, end, options: fieldsLike(fields, word) };
}

/** The text with the option in place of the word, and where the caret stands then. */
export function inserted(
  text: string,
  { start, end }: Completion,
  { insert }: Option,
): { text: string; caret: number } {
  const rest = text.slice(end);
  const gap = insert.endsWith("(") || rest.startsWith(" ") ? "" : " ";
  return { text: `${text.slice(0, start)}${insert}${gap}${rest}`, caret: start + insert.length + 1 };
}

/** A value as the query language wants it. */
export function quoted(value: string): string {
  if (/^[^\s()=!<>~,"'\\]+$/.test(value) && !/^(and|or|not|in|is|empty)$/i.test(value)) return value;
  return `"${value.replace(/\\/g, "\\\\").replace(/"/g, '\\"')}"`;
}

function values(field: Field | undefined, word: string): Option[] {
  return (field?.examples ?? [])
    .filter((example) => example.toLowerCase().includes(word.toLowerCase()))
    .map((example) => ({ insert: quoted(example), label: example, help: "" }))
    .slice(0, MOST_OPTIONS);
}

function joins(word: string): Option[] {
  return ["and", "or"]
    .filter((join) => join.startsWith(word.toLowerCase()))
    .map((join) => ({ insert: join, label: join, help: join === "and" ? "both" : "at least one of them" }));
}

function operators(field: Field, word: string): Option[] {
  const numeric = ["number", "time", "any"].includes(field.type);
  const known = numeric ? NUMBER_OPERATORS : TEXT_OPERATORS;
  return known
    .filter((operator) => operator.startsWith(word.toLowerCase()))
    .map((operator) => ({ insert: operator, label: operator, help: OPERATOR_HELP[operator] ?? "" }));
}

function fieldsLike(fields: readonly Field[], word: string): Option[] {
  const wanted = word.toLowerCase();
  const rank = (field: Field) => {
    const name = field.name.toLowerCase();
    if (name.startsWith(wanted)) return 0;
    return name.includes(wanted) ? 1 : field.title.toLowerCase().includes(wanted) ? 2 : 3;
  };
  return fields
    .map((field) => ({ field, place: rank(field) }))
    .filter(({ place }) => place < 3)
    .sort((a, b) => a.place - b.place)
    .slice(0, MOST_OPTIONS)
    .map(({ field }) => ({
      insert: field.name,
      label: field.name,
      help: field.title === field.name ? "" : field.title,
    }));
}

/** `query:3-7` of the server's error as two places in the text. */
export function problemSpan(where: string | null): { start: number; end: number } | null {
  const match = /^query:(\d+)-(\d+)$/.exec(where ?? "");
  return match === null ? null : { start: Number(match[1]), end: Number(match[2]) };
}

/** Two queries that must both hold. */
export function bothOf(first: string, second: string): string {
  if (first.trim() === "") return second.trim();
  return second.trim() === "" ? first.trim() : `(${first.trim()}) and (${second.trim()})`;
}
