import { Select } from "@mantine/core";
import { IconStack2 } from "@tabler/icons-react";
import type { RunField } from "~/api/types";
import type { RunsView } from "./useRunsView";

const FIRST = ["group", "method", "state", "tag", "student", "teacher", "seed", "optimizer.learning_rate"];
const TWO = ["method,optimizer.learning_rate", "group,method"];

/** What the runs are grouped by. */
export function GroupSelect({ view, fields }: { view: RunsView; fields: readonly RunField[] }) {
  const groupable = fields.filter((field) => field.groupable).map(({ name }) => name);
  const names = [...new Set([...FIRST, ...TWO, view.group, ...groupable])].filter((name) => name !== "");
  return (
    <Select
      size="sm"
      w={170}
      searchable
      clearable
      placeholder="Group by"
      aria-label="Group by"
      leftSection={<IconStack2 size={15} />}
      data={names.map((name) => ({ value: name, label: name.replace(",", " and ") }))}
      value={view.group === "" ? null : view.group}
      onChange={(group) => view.change({ group: group ?? undefined })}
      nothingFoundMessage="Runs cannot be grouped by that"
      comboboxProps={{ width: 260, position: "bottom-end" }}
      data-testid="group-by"
    />
  );
}
