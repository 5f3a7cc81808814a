import { Autocomplete, type AutocompleteProps, Group } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { hubDatasetsQuery, hubModelsQuery } from "~/api/hub";
import type { HubRepository } from "~/api/types";
import { count } from "~/lib/format";

type HubInputProps = Omit<AutocompleteProps, "data" | "renderOption"> & {
  value: string;
  of: "hub_model" | "hub_dataset";
};

/** A model or data set of the Hugging Face hub by its name; what is typed is looked for there, and stands whether it is found or not. */
export function HubInput({ value, of, ...rest }: HubInputProps) {
  const [open, setOpen] = useState(false);
  const [search] = useDebouncedValue(value, 300);
  const enabled = open && search.length > 1;
  const models = useQuery({ ...hubModelsQuery(search), enabled: enabled && of === "hub_model" });
  const datasets = useQuery({ ...hubDatasetsQuery(search), enabled: enabled && of === "hub_dataset" });
  const { data, error, isFetching } = of === "hub_model" ? models : datasets;
  const found = new Map((enabled ? (data?.found ?? []) : []).map((one) => [one.id, one]));
  return (
    <>
      <Autocomplete
        {...rest}
        size="xs"
        value={value}
        data={[...found.keys()]}
        filter={({ options }) => options}
        onDropdownOpen={() => setOpen(true)}
        onDropdownClose={() => setOpen(false)}
        renderOption={({ option }) => <Found id={option.value} about={found.get(option.value)} />}
        maxDropdownHeight={320}
        comboboxProps={{ withinPortal: false }} // its list belongs to the page, of which it is a part
        aria-busy={isFetching}
      />
      {open && error && <p className="soft">{error.message}</p>}
    </>
  );
}

function Found({ id, about }: { id: string; about: HubRepository | undefined }) {
  const told = about && [
    about.parameters === null ? null : `${count(about.parameters)} weights`,
    about.license,
    about.private ? "private" : null,
    about.gated ? "asks for an agreement" : null,
    `${count(about.downloads)} downloads`,
  ];
  return (
    <Group gap="2px 10px">
      <span>{id}</span>
      <span className="soft">{told?.filter((one) => one !== null).join(", ")}</span>
    </Group>
  );
}
