import { SegmentedControl, Select, Switch, Textarea, TextInput } from "@mantine/core";
import type { WidgetProps } from "@rjsf/utils";
import { useState } from "react";
import { isValues, type Values } from "~/lib/configPaths";
import { isNullable, isNumeric, type JsonSchema, numberText, typedNumber } from "~/lib/formSchema";
import { HubInput } from "../HubInput";
import { HubPartInput } from "../HubPartInput";
import { RunSelect } from "../RunSelect";
import { UploadInput } from "../UploadInput";
import type { FormContext } from "./formContext";
import { isPathControl, PathInput } from "./PathInput";
import { isLong } from "./templates";

/** Text and numbers; a number may be typed as 1e-6, and an emptied nullable one is null. */
export function TextWidget(props: WidgetProps) {
  const { id, name, value, onChange, schema, disabled, rawErrors, registry } = props;
  const common = {
    id,
    disabled,
    error: (rawErrors?.length ?? 0) > 0,
    "aria-describedby": `${id}-help ${id}-error`,
  };
  if (isNumeric(schema as JsonSchema)) return <NumberField common={common} {...props} />;
  if (name === "run_id")
    return <RunSelect id={id} value={String(value ?? "")} onChange={onChange} error={common.error} />;
  const text = String(value ?? "");
  const control = schema["x-control"];
  if (control === "hub_model" || control === "hub_dataset") {
    return <HubInput {...common} of={control} value={text} onChange={onChange} />;
  }
  if (isPathControl(control)) return <PathInput {...common} of={control} value={text} onChange={onChange} />;
  if (control === "upload") return <UploadInput {...common} value={text} onChange={onChange} />;
  if (control === "hub_configuration" || control === "hub_split") {
    const beside = valuesBeside((registry.formContext as FormContext).values, id, name);
    return <HubPartInput {...common} of={control} beside={beside} value={text} onChange={onChange} />;
  }
  if (isLong(schema)) {
    return (
      <Textarea
        {...common}
        size="xs"
        autosize
        minRows={1}
        maxRows={10}
        value={text}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    );
  }
  return <TextInput {...common} value={text} onChange={(event) => onChange(event.currentTarget.value)} />;
}

/** The values of the object that a field is in: its id is the path, and names have underscores of their own. */
function valuesBeside(values: unknown, id: string, name: string): Values {
  const found = at(values, id.slice("root_".length, -name.length));
  return isValues(found) ? found : {};
}

function at(values: unknown, id: string): unknown {
  if (id === "" || typeof values !== "object" || values === null) return values;
  const keys = Object.entries(values).filter(([key]) => id.startsWith(`${key}_`));
  return keys.map(([key, inner]) => at(inner, id.slice(key.length + 1))).find((found) => found !== undefined);
}

function NumberField({ value, onChange, schema, common }: WidgetProps & { common: object }) {
  const nullable = isNullable(schema as JsonSchema);
  const [typed, setTyped] = useState<string | null>(null);
  const stands = typed !== null && typedNumber(typed, nullable) === value;
  return (
    <TextInput
      {...common}
      inputMode="decimal"
      autoComplete="off"
      placeholder={nullable ? "not set" : undefined}
      value={stands ? typed : numberText(value)}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        onChange(typedNumber(event.currentTarget.value, nullable));
      }}
      onBlur={() => setTyped(null)}
    />
  );
}

/** One of a few values: side by side when short, else a list. */
export function SelectWidget({ id, label, value, onChange, options, rawErrors, disabled }: WidgetProps) {
  const choices = (options.enumOptions ?? []).map((option, index) => ({
    value: String(index),
    label: String(option.label),
    actual: option.value as unknown,
  }));
  const current = choices.find((choice) => choice.actual === value)?.value ?? null;
  const pick = (index: string | null) => onChange(choices.find((choice) => choice.value === index)?.actual);
  const data = choices.map(({ value: index, label: text }) => ({ value: index, label: words(text) }));
  const length = data.reduce((sum, choice) => sum + choice.label.length + 3, 0);
  const isUnion = id.endsWith("__oneof_select");
  if (choices.length > 1 && length < (isUnion ? 84 : 30)) {
    return (
      <SegmentedControl
        id={id}
        aria-label={label}
        data={data}
        value={current ?? ""}
        onChange={pick}
        disabled={disabled}
        data-testid={id}
        style={{ alignSelf: "flex-start", flexWrap: "wrap", maxWidth: "100%" }}
      />
    );
  }
  return (
    <Select
      id={id}
      aria-label={label}
      aria-describedby={`${id}-help`}
      data={data}
      value={current}
      onChange={pick}
      allowDeselect={false}
      disabled={disabled}
      error={(rawErrors?.length ?? 0) > 0}
      data-testid={id}
      maw={isUnion ? 320 : undefined}
    />
  );
}

function words(text: string): string {
  return text.replaceAll("_", " ");
}

export function SwitchWidget({ id, label, value, onChange }: WidgetProps) {
  return (
    <Switch
      size="sm"
      id={id}
      aria-label={label}
      checked={value === true}
      onChange={(event) => onChange(event.currentTarget.checked)}
    />
  );
}
