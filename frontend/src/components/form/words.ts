import { numberText } from "~/lib/formSchema";

/** A value as the form and its summaries show it. */
export function shownValue(value: unknown): string {
  if (value === null || value === undefined || value === "") return "not set";
  if (typeof value === "object" && Object.keys(value).length === 0) return "not set";
  if (typeof value === "number") return numberText(value);
  if (typeof value === "string") return value.length > 60 ? `${value.slice(0, 57)}…` : value;
  return JSON.stringify(value);
}
