import { Slider } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconPlayerTrackNext } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import classes from "./Panel.module.css";

interface StepSliderProps {
  /** Steps that have data, ascending. */
  steps: readonly number[];
  /** The step in the URL; nothing follows the newest. */
  value: string | undefined;
  onChange: (value: string) => void;
}

/** Scrubs through the steps that have data; "follow live" lets go of the step. */
export function StepSlider({ steps, value, onChange }: StepSliderProps) {
  const last = steps.length - 1;
  const following = value === undefined || value === "";
  const chosen = following ? last : nearest(steps, Number(value));
  const [index, setIndex] = useState(chosen);
  const commit = useDebouncedCallback((next: number) => onChange(String(steps[next] ?? "")), 120);
  useEffect(() => setIndex(chosen), [chosen]);

  return (
    <div className={classes.slider}>
      <button
        type="button"
        className={classes.follow}
        aria-pressed={following}
        onClick={() => onChange(following ? String(steps[last] ?? "") : "")}
        title={
          following ? "Shows the newest step as it comes; press to hold this one" : "Show the newest step as it comes"
        }
        data-testid="follow-live"
      >
        <IconPlayerTrackNext size={13} aria-hidden />
        Follow live
      </button>
      <Slider
        size="sm"
        style={{ flex: 1 }}
        min={0}
        max={Math.max(last, 1)}
        disabled={last < 1}
        value={index}
        label={null}
        thumbLabel={`Step ${steps[index] ?? ""}`}
        onChange={(next) => {
          setIndex(next);
          commit(next);
        }}
      />
      <output data-testid="step-shown">step {steps[index] ?? "–"}</output>
    </div>
  );
}

function nearest(steps: readonly number[], step: number): number {
  let best = 0;
  steps.forEach((candidate, index) => {
    if (Math.abs(candidate - step) < Math.abs((steps[best] ?? 0) - step)) best = index;
  });
  return best;
}
