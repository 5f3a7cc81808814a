import { TextInput } from "@mantine/core";
import type { WidgetProps } from "@rjsf/utils";
import { useState } from "react";
import { typedNumber } from "~/lib/formSchema";

/** A list of numbers in one line, whose placeholder says what none takes; what is no number stays as it was typed, for the server to refuse. */
export function ListWidget({ id, label, schema, value, onChange, rawErrors }: WidgetProps) {
  const [typed, setTyped] = useState<string | null>(null);
  return (
    <TextInput
      id={id}
      aria-label={`${label}, separated by spaces`}
      autoComplete="off"
      placeholder={typeof schema["x-placeholder"] === "string" ? schema["x-placeholder"] : "all"}
      error={(rawErrors?.length ?? 0) > 0}
      value={typed ?? shown(value)}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        onChange(parsed(event.currentTarget.value));
      }}
      onBlur={() => setTyped(null)}
    />
  );
}

export function parsed(text: string): unknown[] {
  return text
    .split(/[\s;,]+/)
    .filter((part) => part !== "")
    .map((part) => typedNumber(part, false));
}

export function shown(value: unknown): string {
  return Array.isArray(value) ? value.join(" ") : "";
}
