import { IconClock, IconCopy, IconGitFork, IconPackage } from "@tabler/icons-react";
import { useEffect, useRef } from "react";
import type { Preset } from "~/api/types";
import classes from "./LaunchPage.module.css";

interface PresetCardsProps {
  presets: readonly Preset[];
  chosen: string | undefined;
  from: { name: string; step: string | undefined; fork: boolean } | undefined;
  onChoose: (name: string) => void;
}

/** Where the form starts. */
export function PresetCards({ presets, chosen, from, onChoose }: PresetCardsProps) {
  const cards = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (chosen === undefined) return;
    // On a phone the cards are one line, of which the chosen one may be far to the right.
    cards.current?.querySelector("[aria-pressed=true]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [chosen]);
  return (
    <div className={classes.presets} ref={cards}>
      {from !== undefined && (
        <div className={classes.preset} data-pressed="true" data-testid="origin-run">
          <span className={classes.presetTitle}>
            {from.fork ? <IconGitFork size={15} aria-hidden /> : <IconCopy size={15} aria-hidden />}
            {from.fork ? `Fork of ${from.name}${from.step ? ` at step ${from.step}` : ""}` : `Copy of ${from.name}`}
          </span>
          <span className={classes.presetText}>
            {from.fork
              ? "Starts from that run's weights; every other value is that run's. Change what should differ."
              : "Every value below is that run's. Change what should differ."}
          </span>
        </div>
      )}
      {presets.map((preset) => (
        <button
          key={preset.name}
          type="button"
          className={classes.preset}
          aria-pressed={preset.name === chosen}
          onClick={() => onChoose(preset.name)}
          data-testid={`preset-${preset.name}`}
        >
          <span className={classes.presetTitle}>{preset.title}</span>
          <span className={classes.presetText}>{preset.description}</span>
          <span className={classes.presetFacts}>
            <IconClock size={13} aria-hidden /> {preset.takes}
          </span>
          <span className={classes.presetFacts}>
            <IconPackage size={13} aria-hidden /> {preset.needs}
          </span>
        </button>
      ))}
    </div>
  );
}
