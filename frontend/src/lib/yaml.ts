/** JSON values as YAML, for reading. */
export function toYaml(value: unknown, indent = ""): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    return value.map((item) => `\n${indent}- ${toYaml(item, `${indent}  `).trimStart()}`).join("");
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value);
    if (entries.length === 0) return "{}";
    return entries.map(([key, item]) => `\n${indent}${key}:${spaced(toYaml(item, `${indent}  `))}`).join("");
  }
  return scalar(value, indent);
}

function spaced(text: string): string {
  return text.startsWith("\n") ? text : ` ${text}`;
}

function scalar(value: unknown, indent: string): string {
  if (typeof value !== "string") return value === undefined ? "null" : String(value);
  if (value.includes("\n"))
    return `|-\n${value
      .split("\n")
      .map((line) => `${indent}${line}`)
      .join("\n")}`;
  const plain = /^[A-Za-z_./][\w ./@,()-]*$/.test(value) && !/^(true|false|null|yes|no|on|off)$/i.test(value);
  return plain && !value.endsWith(" ") ? value : JSON.stringify(value);
}
