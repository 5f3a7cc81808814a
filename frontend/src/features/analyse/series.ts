/** Which checkpoints an import is to measure: pure. */
import type { Folder } from "~/api/types";

/** Places of a text, one a line, without blanks. */
export function placesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

/** The text with one more place, unless it is there already. */
export function withPlace(text: string, place: string): string {
  const places = placesOf(text);
  return (places.includes(place) ? places : [...places, place]).join("\n");
}

/** What a folder is, in words; empty for one that holds nothing of use itself. */
export function describe({ format, step, checkpoints }: Pick<Folder, "format" | "step" | "checkpoints">): string {
  const kind = format === null ? "" : { model: "model", adapter: "LoRA adapter", shards: "FSDP shards" }[format];
  const at = step === null || kind === "" ? "" : ` of step ${step}`;
  const inside = checkpoints === 0 ? "" : `${checkpoints} checkpoint${checkpoints === 1 ? "" : "s"} in it`;
  return [kind + at, inside].filter(Boolean).join(", ");
}

/** A whole model can be a base; an adapter cannot. */
export function canBeBase({ format }: Pick<Folder, "format">): boolean {
  return format === "model" || format === "shards";
}
