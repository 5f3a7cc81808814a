import { CloseButton, MultiSelect, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import type { RunSummary } from "~/api/types";
import { methodName } from "~/components/RunBits";
import { list, type Search } from "~/lib/urlParams";
import { STATES } from "./filters";
import classes from "./RunsPage.module.css";

interface RunFiltersProps {
  runs: readonly RunSummary[];
  search: Search;
  change: (changes: Record<string, string | undefined>) => void;
}

export function RunFilters({ runs, search, change }: RunFiltersProps) {
  const methods = [...new Set(runs.map((run) => run.method))].sort();
  return (
    <search className={classes.filters}>
      <TextInput
        size="xs"
        w={240}
        placeholder="Filter by name, model, tag, id"
        aria-label="Filter by text"
        leftSection={<IconSearch size={14} />}
        rightSection={
          search.q ? <CloseButton size="xs" aria-label="Clear" onClick={() => change({ q: undefined })} /> : null
        }
        value={search.q ?? ""}
        onChange={(event) => change({ q: event.currentTarget.value })}
        data-testid="filter-text"
      />
      <MultiSelect
        size="xs"
        miw={140}
        placeholder={search.state ? undefined : "Any state"}
        aria-label="Filter by state"
        data={STATES}
        value={list(search.state)}
        onChange={(states) => change({ state: states.join(",") })}
        clearable
      />
      <MultiSelect
        size="xs"
        miw={140}
        placeholder={search.method ? undefined : "Any method"}
        aria-label="Filter by method"
        data={methods.map((method) => ({ value: method, label: methodName(method) }))}
        value={list(search.method)}
        onChange={(chosen) => change({ method: chosen.join(",") })}
        clearable
      />
    </search>
  );
}
