import { voiceText } from "~/api/talk";
import type { Checkpoint, Decision } from "~/api/types";
import { alongD } from "~/lib/format";

export const MOST_VOICES = 4;

interface VoiceGroup {
  group: string;
  items: { value: string; label: string }[];
}

/** Everything of a run that can be asked, as a select offers it; `chosen` is offered even where it is on disk no more. */
export function voicesOf(
  checkpoints: readonly Checkpoint[],
  decisions: readonly Decision[],
  chosen: readonly string[],
): VoiceGroup[] {
  const steps = checkpoints.filter(({ removed }) => !removed).map(({ step }) => step);
  const tried = decisions
    .filter(({ weights_kept }) => weights_kept)
    .flatMap(({ step, candidates, accepted_factor }) =>
      candidates
        .filter(({ factor }) => factor !== 0)
        .map(({ factor, accepted }) => ({
          value: voiceText({ kind: "candidate", step, factor }),
          label: `step ${step} ${alongD(factor)}, ${accepted ? "accepted" : "refused"}${factor === accepted_factor ? ", taken" : ""}`,
        })),
    );
  const groups = [
    {
      group: "The pair",
      items: [
        { value: "base", label: "base" },
        { value: "teacher", label: "teacher" },
      ],
    },
    {
      group: "Checkpoints",
      items: [...steps].reverse().map((step) => ({ value: String(step), label: `step ${step}` })),
    },
    { group: "Candidates", items: [...tried].reverse() },
  ];
  const offered = new Set(groups.flatMap(({ items }) => items.map(({ value }) => value)));
  const gone = chosen.filter((text) => !offered.has(text)).map((text) => ({ value: text, label: text }));
  return [...groups, { group: "Not on disk", items: gone }].filter(({ items }) => items.length > 0);
}
