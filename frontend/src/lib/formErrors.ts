/** A refused configuration: the server's list of fields becomes errors beside the fields, and a summary. */

export interface FieldProblem {
  path: string;
  message: string;
}

export interface ErrorTree {
  __errors?: string[];
  [field: string]: ErrorTree | string[] | undefined;
}

/** Nested errors in the shape the form wants. */
export function errorTree(problems: readonly FieldProblem[]): ErrorTree {
  const root: ErrorTree = {};
  for (const problem of problems) {
    let node = root;
    for (const part of segments(problem.path)) {
      const child = node[part];
      const next: ErrorTree = child !== undefined && !Array.isArray(child) ? child : {};
      node[part] = next;
      node = next;
    }
    node.__errors = [...(node.__errors ?? []), sentence(problem.message)];
  }
  return root;
}

export function segments(path: string): string[] {
  return path.split(".").filter((part) => part !== "" && part !== "config" && part !== "body");
}

/** "Value error, x" without the prefix that says nothing; first letter in upper case, unless it begins a field's name. */
export function sentence(message: string): string {
  const text = message.replace(/^Value error, /, "");
  if (/^[a-z_0-9]+\.[a-z_0-9]/.test(text)) return text;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Where a field stands in words: "budget › batch size". */
export function pathInWords(path: string): string {
  return segments(path)
    .map((part) => part.replaceAll("_", " "))
    .join(" › ");
}

/** The id that the form gives to a field's element. */
export function fieldId(path: string): string {
  return ["root", ...segments(path)].join("_");
}
