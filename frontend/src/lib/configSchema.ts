/** What the schema of a run configuration says about a value: its defaults, what differs from them, and its leaves. */
import { isValues, same, type Values } from "./configPaths";
import { inWords, type JsonSchema } from "./formSchema";

export interface Section {
  title: string;
  /** Of the configuration, or by its path one out of an object that has another section. */
  fields: string[];
  /** Starts folded: its defaults suit most. */
  folded?: boolean;
}

/** Sections in the schema's order; a field that none names joins the last. */
export function sectionsOf(schema: JsonSchema): Section[] {
  const named = (Array.isArray(schema.sections) ? schema.sections : []) as Section[];
  const known = new Set(named.flatMap(({ fields }) => fields));
  const others = Object.keys((schema.properties ?? {}) as object).filter((name) => !known.has(name));
  const last = named.at(-1) ?? { title: "Run", fields: [] };
  return [...named.slice(0, -1), { ...last, fields: [...last.fields, ...others] }];
}

/** The section that shows a path: the one that names most of it. */
export function sectionOf<T extends Section>(sections: readonly T[], path: string): T | undefined {
  const share = ({ fields }: Section) =>
    Math.max(0, ...fields.filter((field) => path === field || path.startsWith(`${field}.`)).map((one) => one.length));
  const best = Math.max(0, ...sections.map(share));
  return best === 0 ? undefined : sections.find((section) => share(section) === best);
}

/** A copy in which everything left out has its default; unknown keys stay for the server to refuse. */
export function filled(root: JsonSchema, value: unknown): Values {
  return fill(root, root, value) as Values;
}

/** Only what differs from the defaults; the kind of a union is kept, since it decides what the defaults are. */
export function compact(root: JsonSchema, value: Values): Values {
  return shrink(root, root, value) as Values;
}

/** What a form has made of the values, without what another kind calls by the same name: a split is no file. */
export function meant(root: JsonSchema, before: Values, after: Values): Values {
  return kept(root, root, before, after) as Values;
}

function kept(root: JsonSchema, node: JsonSchema, before: unknown, after: unknown): unknown {
  const schema = dereferenced(root, node);
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    return after.map((inner, place) => kept(root, (schema.items ?? {}) as JsonSchema, before[place], inner));
  }
  if (before === after || !isValues(before) || !isValues(after)) return after;
  const was = shapeOf(root, schema, before) ?? {};
  const is = shapeOf(root, schema, after) ?? {};
  const result = Object.entries(after).map(([name, inner]) => {
    const property = is[name];
    if (property === undefined || was[name] === undefined) return [name, inner];
    const isOther = was[name]["x-control"] !== property["x-control"];
    return [name, isOther ? structuredClone(property.default) : kept(root, property, before[name], inner)];
  });
  return Object.fromEntries(result);
}

function fill(root: JsonSchema, node: JsonSchema, value: unknown): unknown {
  const schema = dereferenced(root, node);
  const given = value === undefined ? structuredClone(schema.default) : value;
  if (given !== undefined && !isValues(given)) return given;
  const shape = shapeOf(root, schema, given ?? {});
  if (shape === undefined || (given === undefined && "default" in schema)) return given;
  const result: Values = {};
  for (const [name, property] of Object.entries(shape)) {
    const inner = fill(root, property, given?.[name]);
    if (inner !== undefined) result[name] = inner;
  }
  return {
    ...result,
    ...Object.fromEntries(
      Object.entries(given ?? {}).filter(([name, inner]) => !(name in shape) && inner !== undefined),
    ),
  };
}

function shrink(root: JsonSchema, node: JsonSchema, value: unknown): unknown {
  const shape = isValues(value) ? shapeOf(root, dereferenced(root, node), value) : undefined;
  if (shape === undefined || !isValues(value)) return value;
  const result: Values = {};
  for (const [name, inner] of Object.entries(value)) {
    const property = shape[name];
    if (inner === undefined) continue; // what a form leaves behind of the old kind
    if (property === undefined || "const" in property) result[name] = inner;
    else if (!same(fill(root, property, undefined), inner)) result[name] = shrink(root, property, inner);
  }
  return result;
}

function dereferenced(root: JsonSchema, node: JsonSchema): JsonSchema {
  if (typeof node.$ref !== "string") return node;
  const { $ref, ...beside } = node as JsonSchema & { $ref: string };
  const target = ((root.$defs ?? {}) as Record<string, JsonSchema>)[$ref.replace("#/$defs/", "")] ?? {};
  return { ...target, ...beside };
}

/** The properties of an object, of its own kind where it is one of a union. */
function shapeOf(root: JsonSchema, schema: JsonSchema, value: Values): Record<string, JsonSchema> | undefined {
  const variant = Array.isArray(schema.oneOf) ? variantOf(root, schema, value.kind) : schema;
  return variant?.properties as Record<string, JsonSchema> | undefined;
}

function mappingOf(schema: JsonSchema): Record<string, string> {
  return ((schema.discriminator as JsonSchema | undefined)?.mapping ?? {}) as Record<string, string>;
}

function variantOf(root: JsonSchema, schema: JsonSchema, kind: unknown): JsonSchema | undefined {
  const reference = mappingOf(schema)[String(kind)];
  return reference === undefined ? undefined : dereferenced(root, { $ref: reference });
}

export interface Leaf {
  path: string;
  label: string;
  /** The sentence beside the field. */
  help: string;
  type: "number" | "choice" | "text";
  options: { value: string; label: string }[];
  nullable: boolean;
  /** What the value is called: the title of a union's kind, else the value. */
  shown: unknown;
}

/** Every single value of a configuration, in the schema's order. */
export function leavesOf(root: JsonSchema, config: Values): Leaf[] {
  return walk(root, root, config, []);
}

function walk(root: JsonSchema, node: JsonSchema, value: unknown, path: string[]): Leaf[] {
  const schema = dereferenced(root, node);
  if (!isValues(value)) return [leaf(schema, value, path)];
  const shape = shapeOf(root, schema, value);
  if (shape === undefined) return [leaf(schema, value, path)];
  const kinds = Object.entries(mappingOf(schema)).map(([kind, reference]) => ({
    value: kind,
    label: inWords(String(dereferenced(root, { $ref: reference }).title ?? kind)),
  }));
  const inner = Object.entries(shape)
    .filter(([, property]) => !("const" in property))
    .flatMap(([name, property]) => walk(root, property, value[name], [...path, name]));
  if (kinds.length === 0) return inner;
  const shown = kinds.find((kind) => kind.value === value.kind)?.label ?? value.kind;
  const label = inWords(path.at(-1) ?? "");
  const chosen: Leaf = {
    path: [...path, "kind"].join("."),
    label,
    help: String(schema.description ?? ""),
    type: "choice",
    options: kinds,
    nullable: false,
    shown,
  };
  return [chosen, ...inner];
}

function leaf(schema: JsonSchema, value: unknown, path: string[]): Leaf {
  const variants = (Array.isArray(schema.anyOf) ? schema.anyOf : [schema]) as JsonSchema[];
  const main = variants.find(({ type }) => type !== "null") ?? schema;
  const choices = Array.isArray(main.enum) ? main.enum.map(String) : [];
  const numeric = main.type === "integer" || main.type === "number";
  return {
    path: path.join("."),
    label: inWords((path.at(-1) ?? "").replace(/^./, (first) => first.toUpperCase())),
    help: String(schema.description ?? ""),
    type: choices.length > 0 ? "choice" : numeric ? "number" : "text",
    options: choices.map((choice) => ({ value: choice, label: choice.replaceAll("_", " ") })),
    nullable: variants.some(({ type }) => type === "null"),
    shown: value,
  };
}
