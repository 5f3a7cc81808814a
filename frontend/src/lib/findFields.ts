/** Which fields of a form are looked for, by title, key, help, or what TRL calls them. */
import type { Difference } from "./configPaths";
import type { Leaf } from "./configSchema";
import type { JsonSchema } from "./formSchema";

interface TrlName {
  paths: string[];
  says: string;
  same: boolean;
}

export type TrlNames = Readonly<Record<string, TrlName>>;

export function trlNames(schema: JsonSchema): TrlNames {
  return (schema.trl ?? {}) as TrlNames;
}

/** By our path the names of TRL's that mean the same and are another word. */
export function namesBeside(trl: TrlNames): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const [name, { paths, same }] of Object.entries(trl)) {
    for (const path of same ? paths : []) if (lastOf(path) !== name) found[path] = [...(found[path] ?? []), name];
  }
  return found;
}

/** What is to be known of a name of TRL's that is typed in full. */
export function saidOf(trl: TrlNames, text: string): string {
  const name = text.trim();
  const found = trl[name];
  return found?.says ? `TRL's ${name} is ${found.says} here.` : "";
}

/** Paths of the fields in which every word of the text is found, and of those that were changed where those alone are asked for. */
export function foundFields(
  leaves: readonly Leaf[],
  trl: TrlNames,
  text: string,
  changes: readonly Difference[] | null,
): string[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const theirs: Record<string, string> = {};
  for (const [name, { paths }] of Object.entries(trl)) {
    for (const path of paths) theirs[path] = `${theirs[path] ?? ""} ${name}`;
  }
  return leaves
    .filter(
      ({ path }) => changes === null || changes.some((change) => concerns(change.path.replace(/\.kind$/, ""), path)),
    )
    .filter(({ path, label, help }) => {
      const told = `${path} ${path.replaceAll(/[._]/g, " ")} ${label} ${help} ${theirs[path] ?? ""}`.toLowerCase();
      return words.every((word) => told.includes(word));
    })
    .map(({ path }) => path);
}

/** Whether the one is the other, or a part of it. */
export function concerns(one: string, other: string): boolean {
  return one === other || other.startsWith(`${one}.`) || one.startsWith(`${other}.`);
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf(".") + 1);
}
