import { TextInput } from "@mantine/core";
import { getDefaultRegistry } from "@rjsf/core";
import type { FieldProps } from "@rjsf/utils";
import { type ComponentType, useState } from "react";
import { isValues, same } from "~/lib/configPaths";
import { lineOf, typedLine } from "~/lib/yaml";
import { isLine } from "./templates";

const plain = getDefaultRegistry().fields as Record<string, ComponentType<FieldProps>>;
const PlainObject = plain.ObjectField as ComponentType<FieldProps>;
const PlainArray = plain.ArrayField as ComponentType<FieldProps>;

/** An object of known fields as rjsf draws it, one of whatever names as text: `enable_thinking: false`. */
export function ObjectField(props: FieldProps) {
  return isLine(props.schema) ? <Line type="object" {...props} /> : <PlainObject {...props} />;
}

/** A list as rjsf draws it, one of texts as one line: `<|im_end|>, </s>`. */
export function ArrayField(props: FieldProps) {
  return isLine(props.schema) ? <Line type="array" {...props} /> : <PlainArray {...props} />;
}

function Line({
  type,
  fieldPathId,
  formData,
  onChange,
  disabled,
  rawErrors,
}: FieldProps & { type: "object" | "array" }) {
  const [typed, setTyped] = useState<string | null>(null);
  const id = fieldPathId.$id;
  const stands = typed !== null && same(typedLine(typed, type), formData);
  const written = isValues(formData) || Array.isArray(formData) ? lineOf(formData) : String(formData ?? "");
  return (
    <TextInput
      id={id}
      disabled={disabled}
      error={(rawErrors?.length ?? 0) > 0}
      aria-describedby={`${id}-help ${id}-error`}
      autoComplete="off"
      placeholder="none"
      value={stands ? typed : written}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        onChange(typedLine(event.currentTarget.value, type), fieldPathId.path);
      }}
      onBlur={() => setTyped(null)}
    />
  );
}
