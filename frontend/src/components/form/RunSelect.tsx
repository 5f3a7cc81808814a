import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { runListQuery } from "~/api/runs";

interface RunSelectProps {
  id: string;
  value: string;
  onChange: (value: string) => void;
  error: boolean;
}

/** A run by its name, where the configuration wants its id. */
export function RunSelect({ id, value, onChange, error }: RunSelectProps) {
  const { data } = useQuery(runListQuery());
  const options = (data?.runs ?? []).map((run) => ({
    value: run.id,
    label: `${run.name} · step ${run.step} · ${run.id}`,
  }));
  if (value !== "" && !options.some((option) => option.value === value)) options.unshift({ value, label: value });
  return (
    <Select
      id={id}
      searchable
      placeholder="Choose a run"
      nothingFoundMessage="No such run"
      data={options}
      value={value === "" ? null : value}
      onChange={(next) => onChange(next ?? "")}
      error={error}
    />
  );
}
