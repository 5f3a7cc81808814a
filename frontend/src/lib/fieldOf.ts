import { isValues, valueAt } from "./configPaths";

/** The field that an error is about: named by its path, or by the value that it holds, such as a file with a line. */
export function fieldOf(where: string, config: unknown): string | undefined {
  if (valueAt(config, where) !== undefined) return where;
  return leaves(config).find(([, value]) => value === where || where.startsWith(`${value}:`))?.[0];
}

/** Every text of the configuration that is long enough to be told from others. */
function leaves(value: unknown, path = ""): [string, string][] {
  if (typeof value === "string" && value.length > 2) return [[path, value]];
  if (!isValues(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === "" ? key : `${path}.${key}`));
}
