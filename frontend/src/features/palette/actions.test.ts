import { expect, it } from "vitest";
import { fitting, type PaletteGroup } from "./actions";

const action = (label: string, description?: string) => ({ id: label, label, description, run: () => undefined });
const groups: PaletteGroup[] = [
  { label: "This run", actions: [action("Pause after this step"), action("Stop", "writes a checkpoint")] },
  { label: "Go to", actions: [action("Workers")] },
];
const labels = (query: string) => fitting(groups, query).flatMap((group) => group.actions.map(({ label }) => label));

it("offers everything until something is typed, then what has all words, in any order", () => {
  expect(labels("")).toHaveLength(3);
  expect(labels("STEP pause")).toEqual(["Pause after this step"]);
  expect(labels("checkpoint")).toEqual(["Stop"]);
  expect(labels("go work")).toEqual(["Workers"]);
  expect(labels("nothing like it")).toEqual([]);
});
