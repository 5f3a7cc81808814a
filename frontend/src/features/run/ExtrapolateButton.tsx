import { Button, NumberInput, SegmentedControl, Slider, Switch } from "@mantine/core";
import { useState } from "react";
import type { CommandRequest } from "~/api/types";
import { Popup } from "~/components/Popup";
import { alongD } from "~/lib/format";
import { Lever, type LeverProps } from "./Lever";
import classes from "./Steer.module.css";

const LARGEST = 1000;
const SLIDER_START = -0.75;
const SLIDER_END = 12;

interface ExtrapolateButtonProps {
  lever: Omit<LeverProps, "children" | "onClick">;
  onAsk: (request: CommandRequest) => void;
}

/** A search as at a trigger, or one chosen factor; says what will happen before it is asked for. */
export function ExtrapolateButton({ lever, onAsk }: ExtrapolateButtonProps) {
  const [opened, setOpened] = useState(false);
  const [mode, setMode] = useState<"search" | "factor">("search");
  const [factor, setFactor] = useState<number | string>(2);
  const [override, setOverride] = useState(false);
  const chosen = Number(factor);
  const wrong = mode === "factor" && !(factor !== "" && chosen > -1 && chosen !== 0 && chosen <= LARGEST);

  const ask = () => {
    onAsk({ command: "extrapolate", ...(mode === "factor" ? { factor: chosen, override } : { override: false }) });
    setOpened(false);
    setMode("search");
    setOverride(false);
  };

  return (
    <Popup opened={opened} onChange={setOpened} position="bottom-start">
      <Popup.Target>
        <Lever {...lever} opened={opened} onClick={() => setOpened(!opened)}>
          Try extrapolating now…
        </Lever>
      </Popup.Target>
      <Popup.Dropdown aria-label="Try extrapolating now">
        <form
          className={classes.form}
          onSubmit={(event) => {
            event.preventDefault();
            if (!wrong) ask();
          }}
        >
          <SegmentedControl
            fullWidth
            aria-label="What to try"
            value={mode}
            onChange={(next) => setMode(next as typeof mode)}
            data={[
              { value: "search", label: "Search" },
              { value: "factor", label: "A chosen factor" },
            ]}
            data-testid="extrapolate-mode"
          />
          {mode === "factor" && (
            <>
              <div className={classes.factor}>
                <Slider
                  size="sm"
                  thumbLabel="Factor along D"
                  label={null}
                  min={SLIDER_START}
                  max={SLIDER_END}
                  step={0.25}
                  value={Math.min(SLIDER_END, Math.max(SLIDER_START, chosen || 0))}
                  onChange={setFactor}
                />
                <NumberInput
                  size="xs"
                  aria-label="Factor"
                  value={factor}
                  onChange={setFactor}
                  step={0.5}
                  error={wrong}
                  data-testid="extrapolate-factor"
                />
              </div>
              {wrong && (
                <p className={classes.wrong}>
                  A factor is above −1, the anchor itself, and at most {LARGEST}; 0 is Wₜ.
                </p>
              )}
              <Switch
                label="Take it even if validation refuses it"
                checked={override}
                onChange={(event) => setOverride(event.currentTarget.checked)}
                data-testid="extrapolate-override"
              />
            </>
          )}
          <p className={classes.help} data-warns={mode === "factor" && override}>
            {whatHappens(mode, factor, override)}
          </p>
          <Button variant="filled" type="submit" disabled={wrong} data-testid="extrapolate-send">
            {mode === "search" ? "Search after this step" : `Try factor ${factor} after this step`}
          </Button>
        </form>
      </Popup.Dropdown>
    </Popup>
  );
}

function whatHappens(mode: "search" | "factor", factor: number | string, override: boolean): string {
  if (mode === "search") {
    return "Candidates along the direction since the last accepted jump are tried one after the other, as at a trigger; the last one that validation accepts is kept.";
  }
  const tried = `Wₜ ${alongD(Number(factor))} is scored on the validation set, with the same random numbers as Wₜ.`;
  return override
    ? `${tried} It is kept whatever the score, so the run may get worse; a veto takes it back. Only a score that is not finite is still refused.`
    : `${tried} It is kept only if validation accepts it; refused, it leaves no trace in the run.`;
}
