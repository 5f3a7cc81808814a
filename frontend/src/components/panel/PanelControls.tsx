import { ActionIcon, Button, MultiSelect, SegmentedControl, Select, Slider, Switch, TextInput } from "@mantine/core";
import { IconAdjustmentsHorizontal } from "@tabler/icons-react";
import { useState } from "react";
import type { Control } from "~/lib/panelSchema";
import { flag, list as listed, real, type Search } from "~/lib/urlParams";
import { Popup } from "../Popup";
import { RunSelect } from "../RunSelect";
import classes from "./Panel.module.css";

interface ControlsProps {
  controls: readonly Control[];
  params: Search;
  onChange: (name: string, value: string) => void;
  /** Runs that a control for another run leaves out. */
  except?: readonly string[];
}

/** Controls in sight above a picture; the label is in the tooltip and for screen readers. */
export function PrimaryControls({ controls, params, onChange, except }: ControlsProps) {
  if (controls.length === 0) return null;
  return (
    <div className={classes.controls}>
      {controls.map((control) => (
        <div key={control.name} title={`${control.label}. ${control.help}`}>
          <ControlInput control={control} value={params[control.name]} onChange={onChange} except={except} compact />
        </div>
      ))}
    </div>
  );
}

/** The rest of the controls, with their labels, behind a button. */
export function MoreControls({ controls, params, onChange, except, onReset }: ControlsProps & { onReset: () => void }) {
  const [opened, setOpened] = useState(false);
  if (controls.length === 0) return null;
  return (
    <Popup opened={opened} onChange={setOpened} position="bottom-end">
      <Popup.Target>
        <ActionIcon aria-label="Settings of this picture" onClick={() => setOpened(!opened)}>
          <IconAdjustmentsHorizontal size={15} />
        </ActionIcon>
      </Popup.Target>
      <Popup.Dropdown>
        <div className={classes.popover}>
          {controls.map((control) => (
            <div key={control.name} className={classes.field} title={control.help}>
              {control.kind !== "switch" && <span className={classes.fieldLabel}>{control.label}</span>}
              <ControlInput control={control} value={params[control.name]} onChange={onChange} except={except} />
            </div>
          ))}
          <Button variant="subtle" color="gray" onClick={onReset}>
            Back to the defaults
          </Button>
        </div>
      </Popup.Dropdown>
    </Popup>
  );
}

interface ControlInputProps {
  control: Control;
  value: string | undefined;
  onChange: (name: string, value: string) => void;
  except?: readonly string[];
  compact?: boolean;
}

export function ControlInput({ control, value, onChange, except, compact = false }: ControlInputProps) {
  const current = value ?? control.initial;
  const set = (next: string) => onChange(control.name, next === control.initial ? "" : next);
  const testId = `control-${control.name}`;
  // Within the popover of settings a choice must not count as a click outside, which would close it, and the first
  // list must not open over the others when the popover gives it the focus.
  const list = { width: "max-content", position: "bottom-start", withinPortal: compact } as const;

  switch (control.kind) {
    case "switch":
      return (
        <Switch
          label={control.label}
          checked={flag(current)}
          onChange={(event) => set(String(event.currentTarget.checked))}
          data-testid={testId}
        />
      );
    case "choice":
      return isShort(control) ? (
        <SegmentedControl
          aria-label={control.label}
          data={control.options}
          value={current}
          onChange={set}
          data-testid={testId}
        />
      ) : (
        <Select
          aria-label={control.label}
          data={control.options}
          value={current}
          onChange={(next) => next !== null && set(next)}
          allowDeselect={false}
          searchable={control.options.length > 12}
          openOnFocus={false}
          w={compact ? widthOf(control) : undefined}
          comboboxProps={list}
          data-testid={testId}
        />
      );
    case "choices":
      return (
        <MultiSelect
          aria-label={control.label}
          data={control.options}
          value={listed(current)}
          onChange={(next) => next.length > 0 && set(next.join(","))}
          maxValues={8}
          searchable
          openOnFocus={false}
          miw={180}
          comboboxProps={list}
          data-testid={testId}
        />
      );
    case "run":
      return (
        <RunSelect
          aria-label={control.label}
          value={current}
          onChange={set}
          except={except}
          openOnFocus={false}
          clearable
          comboboxProps={list}
          data-testid="run-chooser"
        />
      );
    case "range":
      return (
        <Slider
          size="sm"
          thumbLabel={control.label}
          min={control.minimum}
          max={control.maximum}
          step={((control.maximum ?? 1) - (control.minimum ?? 0)) / 100}
          defaultValue={real(current, control.minimum ?? 0)}
          onChangeEnd={(next) => set(String(next))}
          data-testid={testId}
        />
      );
    case "number":
    case "step":
      return (
        <TextInput
          type="number"
          aria-label={control.label}
          value={current}
          min={control.minimum}
          max={control.maximum}
          placeholder="latest"
          onChange={(event) => set(event.currentTarget.value)}
          data-testid={testId}
        />
      );
    case "text":
      return (
        <TextInput
          aria-label={control.label}
          defaultValue={current}
          onBlur={(event) => set(event.currentTarget.value)}
          data-testid={testId}
        />
      );
  }
}

function isShort({ options }: Control): boolean {
  return options.length <= 4 && options.reduce((sum, { label }) => sum + label.length, 0) <= 22;
}

function widthOf({ options }: Control): number {
  const longest = Math.max(...options.map(({ label }) => label.length));
  return Math.min(180, 44 + longest * 7);
}
