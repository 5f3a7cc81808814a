import { IconCopy } from "@tabler/icons-react";
import type { Preset } from "~/api/types";
import { methodName } from "~/components/RunBits";
import classes from "./LaunchPage.module.css";

interface PresetCardsProps {
  presets: readonly Preset[];
  chosen: string | undefined;
  cloned: string | undefined;
  onChoose: (name: string) => void;
}

/** Where the form starts. */
export function PresetCards({ presets, chosen, cloned, onChoose }: PresetCardsProps) {
  return (
    <div className={classes.presets}>
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
            {methodName(preset.config.strategy.kind === "effopd" ? "effopd" : "opd")} · {preset.config.budget.steps}{" "}
            steps · batch {preset.config.budget.batch_size}
          </span>
        </button>
      ))}
      {cloned !== undefined && (
        <div className={classes.preset} data-pressed="true">
          <span className={classes.presetTitle}>
            <IconCopy size={15} aria-hidden /> Copy of {cloned}
          </span>
          <span className={classes.presetText}>Every value below is that run's; change what should differ.</span>
        </div>
      )}
    </div>
  );
}
