import { Autocomplete, type AutocompleteProps } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { hubPartsQuery } from "~/api/hub";
import type { Values } from "~/lib/configPaths";

type HubPartInputProps = Omit<AutocompleteProps, "data"> & {
  of: "hub_configuration" | "hub_split";
  /** The data set that it is of. */
  beside: Values;
};

/** A configuration or split of a data set of the hub, of those that it has; what is typed stands all the same. */
export function HubPartInput({ of, beside, ...rest }: HubPartInputProps) {
  const [open, setOpen] = useState(false);
  const named = [beside.repo_id, beside.revision || "main", beside.configuration].map((one) => String(one ?? ""));
  const [[repoId = "", revision = "", configuration = ""]] = useDebouncedValue(named, 300);
  const { data, error, isFetching } = useQuery({
    ...hubPartsQuery(repoId, revision, configuration),
    enabled: open && repoId.includes("/"),
  });
  const offered = of === "hub_split" ? data?.splits : data?.configurations;
  return (
    <>
      <Autocomplete
        {...rest}
        size="xs"
        data={offered ?? []}
        filter={({ options }) => options}
        onDropdownOpen={() => setOpen(true)}
        onDropdownClose={() => setOpen(false)}
        maxDropdownHeight={320}
        aria-busy={isFetching}
      />
      {open && error && <p className="soft">{error.message}</p>}
    </>
  );
}
