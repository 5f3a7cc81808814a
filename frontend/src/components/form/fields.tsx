import { TextInput } from "@mantine/core";
import { getDefaultRegistry } from "@rjsf/core";
import type { FieldProps } from "@rjsf/utils";
import { type ComponentType, useState } from "react";
import { isValues, same } from "~/lib/configPaths";
import { argumentsText, typedArguments } from "~/lib/yaml";
import { isOpen } from "./templates";

const PlainObject = getDefaultRegistry().fields.ObjectField as ComponentType<FieldProps>;

/** An object of known fields as rjsf draws it, one of whatever names as text: `enable_thinking: false`. */
export function ObjectField(props: FieldProps) {
  return isOpen(props.schema) ? <OpenObject {...props} /> : <PlainObject {...props} />;
}

function OpenObject({ fieldPathId, formData, onChange, disabled, rawErrors }: FieldProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const id = fieldPathId.$id;
  const stands = typed !== null && same(typedArguments(typed), formData);
  return (
    <TextInput
      id={id}
      disabled={disabled}
      error={(rawErrors?.length ?? 0) > 0}
      aria-describedby={`${id}-help ${id}-error`}
      autoComplete="off"
      placeholder="none"
      value={stands ? typed : isValues(formData) ? argumentsText(formData) : String(formData ?? "")}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        onChange(typedArguments(event.currentTarget.value), fieldPathId.path);
      }}
      onBlur={() => setTyped(null)}
    />
  );
}
