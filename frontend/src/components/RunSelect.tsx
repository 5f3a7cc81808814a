import { Select, type SelectProps } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { runListQuery } from "~/api/runs";

interface RunSelectProps extends Omit<SelectProps, "data" | "value" | "onChange"> {
  /** Its id; empty for none. */
  value: string;
  onChange: (run: string) => void;
  except?: readonly string[];
}

/** A run by its name, where its id is wanted; the newest first. */
export function RunSelect({ value, onChange, except = [], ...rest }: RunSelectProps) {
  const { data } = useQuery(runListQuery());
  const options = (data?.runs ?? [])
    .filter(({ id }) => !except.includes(id))
    .map(({ id, name }) => ({ value: id, label: `${name} (${id})` }));
  if (value !== "" && !options.some((option) => option.value === value)) options.unshift({ value, label: value });
  return (
    <Select
      searchable
      placeholder="Choose a run"
      nothingFoundMessage="No such run"
      data={options}
      value={value === "" ? null : value}
      onChange={(next) => onChange(next ?? "")}
      {...rest}
    />
  );
}
