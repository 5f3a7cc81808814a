import { Button, TextInput } from "@mantine/core";
import { useState } from "react";
import { Popup } from "~/components/Popup";
import { numberText, typedNumber } from "~/lib/formSchema";
import { logGrid, valuesText } from "~/lib/sweep";
import classes from "./Sweep.module.css";

/** Fills in values at equal ratios, a decade to both sides of the present one unless told otherwise. */
export function LogGrid({ around, onFill }: { around: number; onFill: (text: string) => void }) {
  const [opened, setOpened] = useState(false);
  const base = around > 0 ? around : 1;
  const [from, setFrom] = useState(numberText(Number((base / 10).toPrecision(2))));
  const [to, setTo] = useState(numberText(Number((base * 10).toPrecision(2))));
  const [points, setPoints] = useState("5");
  const grid = logGrid(Number(typedNumber(from, false)), Number(typedNumber(to, false)), Math.min(Number(points), 64));
  return (
    <Popup opened={opened} onChange={setOpened} position="bottom-end" withArrow>
      <Popup.Target>
        <Button size="xs" onClick={() => setOpened((open) => !open)} data-testid="log-grid">
          Log grid
        </Button>
      </Popup.Target>
      <Popup.Dropdown>
        <div className={classes.logGrid}>
          <TextInput label="From" value={from} onChange={(event) => setFrom(event.currentTarget.value)} />
          <TextInput label="To" value={to} onChange={(event) => setTo(event.currentTarget.value)} />
          <TextInput label="Points" value={points} onChange={(event) => setPoints(event.currentTarget.value)} />
        </div>
        <p className={classes.help}>{grid.length > 0 ? valuesText(grid) : "Both ends must be above 0."}</p>
        <Button
          variant="filled"
          disabled={grid.length === 0}
          onClick={() => {
            onFill(valuesText(grid));
            setOpened(false);
          }}
          data-testid="log-grid-fill"
        >
          Take these {grid.length} values
        </Button>
      </Popup.Dropdown>
    </Popup>
  );
}
