import { SegmentedControl } from "@mantine/core";
import { oneOf } from "~/lib/urlParams";
import { useView, type View } from "./useView";

interface ChoiceProps {
  /** The key of the address that holds it; the first choice stands for none. */
  name: keyof View;
  label: string;
  /** Labels by value. */
  choices: Record<string, string>;
  testId?: string;
}

/** One of a few ways to look at something. */
export function Choice({ name, label, choices, testId }: ChoiceProps) {
  const [search, change] = useView();
  const values = Object.keys(choices);
  const usual = values[0] ?? "";
  return (
    <SegmentedControl
      aria-label={label}
      data={values.map((value) => ({ value, label: choices[value] }))}
      value={oneOf(search[name], values, usual)}
      onChange={(next) => change({ [name]: next === usual ? undefined : next })}
      data-testid={testId}
    />
  );
}
