import { ActionIcon, Button, ScrollArea, TextInput } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconColumns3, IconPlus, IconX } from "@tabler/icons-react";
import { useState } from "react";
import type { RunField } from "~/api/types";
import offeredClasses from "~/components/offered.module.css";
import { Popup } from "~/components/Popup";
import classes from "./RunsPage.module.css";
import { DEFAULT_COLUMNS, type RunsView } from "./useRunsView";

const NO_COLUMN = new Set(["name", "updated", "config.name"]);
const MOST_OFFERED = 60;

interface ColumnChooserProps {
  view: RunsView;
  fields: readonly RunField[];
}

/** Which columns, in which order; properties, measures and the configuration's values. */
export function ColumnChooser({ view, fields }: ColumnChooserProps) {
  const [opened, setOpened] = useState(false);
  const [wanted, setWanted] = useState("");
  const titles = new Map(fields.map((field) => [field.name, field.title]));
  const text = wanted.toLowerCase();
  const offered = fields.filter(
    ({ name, title }) =>
      !NO_COLUMN.has(name) && !view.columns.includes(name) && `${name} ${title}`.toLowerCase().includes(text),
  );
  const move = (place: number, by: number) => {
    const next = [...view.columns];
    const [name] = next.splice(place, 1);
    if (name !== undefined) next.splice(place + by, 0, name);
    view.setColumns(next);
  };
  return (
    <Popup opened={opened} onChange={setOpened} position="bottom-end">
      <Popup.Target>
        <Button
          size="sm"
          leftSection={<IconColumns3 size={15} />}
          onClick={() => setOpened(!opened)}
          data-testid="columns"
        >
          Columns
        </Button>
      </Popup.Target>
      <Popup.Dropdown p={8} w={340}>
        <ul className={`list ${classes.chosen}`} aria-label="Shown columns">
          {view.columns.map((name, place) => (
            <li key={name}>
              <span className="cut" title={titles.get(name)}>
                {name}
              </span>
              <Step name={name} word="earlier" Icon={IconArrowUp} off={place === 0} onClick={() => move(place, -1)} />
              <Step
                name={name}
                word="later"
                Icon={IconArrowDown}
                off={place === view.columns.length - 1}
                onClick={() => move(place, 1)}
              />
              <ActionIcon
                aria-label={`Hide ${name}`}
                onClick={() => view.setColumns(view.columns.filter((other) => other !== name))}
              >
                <IconX size={14} />
              </ActionIcon>
            </li>
          ))}
        </ul>
        <TextInput
          my={8}
          placeholder="Add a measure, a setting, …"
          aria-label="Search for a column"
          value={wanted}
          onChange={(event) => setWanted(event.currentTarget.value)}
          data-autofocus
          data-testid="column-search"
        />
        <ScrollArea.Autosize mah={220} type="auto">
          <ul className={`list ${offeredClasses.offered}`} aria-label="More columns">
            {offered.slice(0, MOST_OFFERED).map(({ name, title }) => (
              <li key={name}>
                <button
                  type="button"
                  onClick={() => view.setColumns([...view.columns, name])}
                  data-testid={`add-column-${name}`}
                >
                  <IconPlus size={13} aria-hidden />
                  <span>{name}</span>
                  {title !== name && <span className="soft">{title}</span>}
                </button>
              </li>
            ))}
            {offered.length === 0 && <li className="soft">No other column of this name</li>}
          </ul>
        </ScrollArea.Autosize>
        <Button variant="subtle" mt={4} onClick={() => view.setColumns(DEFAULT_COLUMNS)}>
          As at the beginning
        </Button>
      </Popup.Dropdown>
    </Popup>
  );
}

interface StepProps {
  name: string;
  word: string;
  Icon: typeof IconX;
  off: boolean;
  onClick: () => void;
}

function Step({ name, word, Icon, off, onClick }: StepProps) {
  return (
    <ActionIcon aria-label={`Move ${name} ${word}`} disabled={off} onClick={onClick}>
      <Icon size={14} />
    </ActionIcon>
  );
}
