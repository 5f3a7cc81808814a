/** From a panel's JSON schema of parameters to the controls that change them. */
import type { PanelMeta } from "./figure";
import type { Search } from "./urlParams";

type ControlKind = "choice" | "choices" | "switch" | "step" | "range" | "number" | "text" | "run";

export interface Control {
  name: string;
  label: string;
  help: string;
  kind: ControlKind;
  options: { value: string; label: string }[];
  /** What holds while the URL says nothing; "" is the server's own choice, such as the latest step. */
  initial: string;
  minimum?: number;
  maximum?: number;
}

type Schema = Record<string, unknown>;

export function controlsOf(schema: Schema, meta: PanelMeta | undefined): Control[] {
  const properties = (schema.properties ?? {}) as Record<string, Schema>;
  return Object.entries(properties)
    .filter(([name, property]) => property["x-control"] !== "zoom" && !meta?.unused?.includes(name)) // zoom: set by zooming
    .map(([name, property]) => controlOf(name, property, meta));
}

function controlOf(name: string, property: Schema, meta: PanelMeta | undefined): Control {
  const type = flattened(property);
  const found = meta?.choices?.[name];
  const options = found && found.length > 0 ? found : type.options;
  const titles = new Map(type.options.map((option, index) => [String(option), type.titles[index]]));
  const base = {
    name,
    label: labelOf(name, property.title),
    help: typeof property.description === "string" ? property.description : "",
    initial: property.default === null || property.default === undefined ? "" : String(property.default),
    options: withInitial(options.map(String), type.nullable).map((value) => ({
      value,
      label:
        titles.get(value) ??
        (value === "" ? ((property["x-empty"] as string | undefined) ?? "latest") : optionLabel(value)),
    })),
    minimum: type.minimum,
    maximum: type.maximum,
  };
  return { ...base, kind: kindOf(property["x-control"], type, options.length > 0) };
}

function withInitial(options: string[], nullable: boolean): string[] {
  return nullable && options.length > 0 ? ["", ...options] : options;
}

function kindOf(wish: unknown, type: Flat, hasOptions: boolean): ControlKind {
  if (wish === "step") return "step";
  if (wish === "slider") return "range";
  if (wish === "run") return "run";
  if (type.type === "array" && hasOptions) return "choices";
  if (type.type === "boolean") return "switch";
  if (hasOptions) return "choice";
  if (type.type === "number" && type.minimum !== undefined && type.maximum !== undefined) return "range";
  return type.type === "integer" || type.type === "number" ? "number" : "text";
}

interface Flat {
  type: string;
  options: unknown[];
  titles: string[];
  nullable: boolean;
  minimum: number | undefined;
  maximum: number | undefined;
}

/** A nullable type is written as anyOf [type, null]. */
function flattened(property: Schema): Flat {
  const variants = (Array.isArray(property.anyOf) ? property.anyOf : [property]) as Schema[];
  const main = variants.find((variant) => variant.type !== "null") ?? property;
  const bound = (key: string, exclusive: string) => (main[key] ?? main[exclusive]) as number | undefined;
  return {
    type: String(main.type ?? "string"),
    options: Array.isArray(main.enum) ? main.enum : main.const === undefined ? [] : [main.const],
    titles: Array.isArray(main["x-enum-titles"]) ? (main["x-enum-titles"] as string[]) : [],
    nullable: variants.some((variant) => variant.type === "null"),
    minimum: bound("minimum", "exclusiveMinimum"),
    maximum: bound("maximum", "exclusiveMaximum"),
  };
}

function labelOf(name: string, title?: unknown): string {
  if (name.length === 1) return name === "x" ? "x axis" : name;
  const words = (typeof title === "string" && title !== "" ? title : name).replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1).toLowerCase();
}

export function optionLabel(value: string): string {
  return value.replaceAll("_", " ");
}

/** Parameters whose value is the id of another run. */
export function runParams(schema: Schema): string[] {
  const properties = (schema.properties ?? {}) as Record<string, Schema>;
  return Object.keys(properties).filter((name) => properties[name]?.["x-control"] === "run");
}

/** Whether the panel can be asked for a range of its x axis. */
export function canZoom(schema: Schema): boolean {
  const properties = (schema.properties ?? {}) as Record<string, Schema>;
  return "x_from" in properties && "x_to" in properties;
}

/** The parameters that the panel has, from the URL and from its place on the page. */
export function knownParams(schema: Schema, given: Search, fixed: Search): Search {
  const names = Object.keys((schema.properties ?? {}) as object);
  const merged = { ...given, ...fixed };
  return Object.fromEntries(names.filter((name) => merged[name]).map((name) => [name, merged[name] as string]));
}
