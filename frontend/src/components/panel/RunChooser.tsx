import { type ComboboxProps, Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { runChoicesQuery } from "~/api/panels";

interface RunChooserProps {
  label: string;
  value: string;
  onChange: (run: string) => void;
  /** Runs that are on the page already. */
  except?: readonly string[];
  comboboxProps: ComboboxProps;
}

/** Another run, by name; the newest first. */
export function RunChooser({ label, value, onChange, except = [], comboboxProps }: RunChooserProps) {
  const { data: runs = [] } = useQuery(runChoicesQuery());
  return (
    <Select
      aria-label={label}
      placeholder="no other run"
      data={runs
        .filter(({ id }) => !except.includes(id))
        .map(({ id, name }) => ({ value: id, label: `${name} (${id})` }))}
      value={value === "" ? null : value}
      onChange={(next) => onChange(next ?? "")}
      searchable
      openOnFocus={false}
      clearable
      nothingFoundMessage="No run has this name"
      comboboxProps={comboboxProps}
      data-testid="run-chooser"
    />
  );
}
