/** A pydantic schema made ready for the form: nullable types as one field, titles in sentence case, ranges in words. */

export type JsonSchema = { [key: string]: unknown };

/** A deep copy in which `anyOf [X, null]` is X with a null type, and titles read as words. */
export function prepared(schema: JsonSchema): JsonSchema {
  return copy(schema) as JsonSchema;
}

function copy(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(copy);
  if (typeof node !== "object" || node === null) return node;
  const result: JsonSchema = {};
  for (const [key, value] of Object.entries(merged(node as JsonSchema))) {
    if (key === "title" && typeof value === "string") result[key] = inWords(value);
    else if (key === "default" || key === "enum" || key === "const") result[key] = value;
    else result[key] = copy(value);
  }
  return result;
}

function merged(schema: JsonSchema): JsonSchema {
  const variants = schema.anyOf;
  if (!Array.isArray(variants) || variants.length !== 2) return schema;
  const main = (variants as JsonSchema[]).find((variant) => variant.type !== "null");
  if (main === undefined || typeof main.type !== "string" || !variants.some((variant) => variant.type === "null")) {
    return schema;
  }
  const { anyOf: _, ...rest } = schema;
  return { ...main, ...rest, type: [main.type, "null"] };
}

/** "Batch Size" and "batch_size" become "Batch size"; names with capitals inside stay. */
export function inWords(title: string): string {
  const words = title.replaceAll("_", " ").split(" ");
  return words
    .map((word, index) =>
      index > 0 && /^[A-Z][a-z]+$/.test(word) && title === titleCase(words) ? word.toLowerCase() : word,
    )
    .join(" ");
}

function titleCase(words: string[]): string {
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase()).join(" ");
}

export function isNullable(schema: JsonSchema): boolean {
  return Array.isArray(schema.type) && schema.type.includes("null");
}

export function isNumeric(schema: JsonSchema): boolean {
  const types = Array.isArray(schema.type) ? schema.type : [schema.type];
  return types.includes("integer") || types.includes("number");
}

/** "1 to 32", "at least 1", "above 0": what the field takes; empty when anything goes. */
export function range(schema: JsonSchema): string {
  if (!isNumeric(schema)) return "";
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema as Record<string, number | undefined>;
  const low =
    minimum !== undefined ? `at least ${minimum}` : exclusiveMinimum !== undefined ? `above ${exclusiveMinimum}` : "";
  const high =
    maximum !== undefined ? `at most ${maximum}` : exclusiveMaximum !== undefined ? `below ${exclusiveMaximum}` : "";
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`;
  return [low, high].filter(Boolean).join(", ");
}

/** A number as a person would type it: small ones in scientific notation. */
export function numberText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value !== "number") return String(value);
  if (value !== 0 && Math.abs(value) < 1e-3) return value.toExponential().replace("+", "");
  return String(value);
}

/** What was typed: a number, null for an emptied nullable field, else the text itself for the server to refuse. */
export function typedNumber(text: string, nullable: boolean): number | string | null | undefined {
  const trimmed = text.trim().replace("−", "-").replace(",", ".");
  if (trimmed === "") return nullable ? null : undefined;
  const value = Number(trimmed);
  return Number.isFinite(value) ? value : trimmed;
}
