import { Group, Switch, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import classes from "./LaunchPage.module.css";

interface FieldFinderProps {
  text: string;
  changedOnly: boolean;
  /** How many fields are shown, of how many; null where nothing is looked for. */
  found: { shown: number; of: number } | null;
  /** What is to be known of the name that was typed. */
  said: string;
  onText: (text: string) => void;
  onChangedOnly: (only: boolean) => void;
}

/** Narrows the form to the fields that are meant, whatever they are called. */
export function FieldFinder({ text, changedOnly, found, said, onText, onChangedOnly }: FieldFinderProps) {
  return (
    <search className={classes.finder}>
      <Group gap="6px 12px">
        <TextInput
          w={250}
          type="search"
          placeholder="Find a field, or TRL's name for it"
          aria-label="Find a field"
          leftSection={<IconSearch size={14} aria-hidden />}
          value={text}
          onChange={(event) => onText(event.currentTarget.value)}
          onKeyDown={(event) => event.key === "Escape" && onText("")}
          data-testid="find-field"
        />
        <Switch
          label="Changed only"
          checked={changedOnly}
          onChange={(event) => onChangedOnly(event.currentTarget.checked)}
          data-testid="changed-only"
        />
        <span className="soft" role="status" data-testid="found-fields">
          {found !== null && `${found.shown} of ${found.of} fields`}
        </span>
      </Group>
      {said !== "" && (
        <p className="soft" data-testid="trl-says">
          {said}
        </p>
      )}
    </search>
  );
}
