import { Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { choicesQuery } from "~/api/compare";

interface AddEntryProps {
  taken: readonly string[];
  onAdd: (key: string) => void;
}

/** Finds a run or a group on the server, by part of its name, and adds it. */
export function AddEntry({ taken, onAdd }: AddEntryProps) {
  const [text, setText] = useState("");
  const [search] = useDebouncedValue(text, 150);
  const { data, isFetching } = useQuery(choicesQuery(search));
  const free = <T extends { key: string }>(found: readonly T[] = []) => found.filter(({ key }) => !taken.includes(key));
  const groups = free(data?.groups).map(({ key, name, runs }) => ({
    value: key,
    label: `${name} · ${runs} ${runs === 1 ? "run" : "runs"}`,
  }));
  const runs = free(data?.runs).map((run) => ({
    value: run.key,
    label: `${run.name} · ${run.step}/${run.total_steps} · ${run.key}`,
  }));
  return (
    <Select
      key={taken.join(",")}
      w={220}
      searchable
      searchValue={text}
      onSearchChange={setText}
      filter={({ options }) => options}
      placeholder="Add a run or a group"
      aria-label="Add a run or a group"
      leftSection={<IconPlus size={14} />}
      nothingFoundMessage={isFetching ? "Looking" : "No other run or group of that name"}
      data={[
        { group: "Groups", items: groups },
        { group: "Runs", items: runs },
      ].filter(({ items }) => items.length > 0)}
      value={null}
      onChange={(key) => key !== null && onAdd(key)}
      comboboxProps={{ width: 340, position: "bottom-start" }}
      data-testid="add-entry"
    />
  );
}
