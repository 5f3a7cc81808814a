import { Group, Stack } from "@mantine/core";
import type { Entry } from "~/api/types";
import { NoteText } from "~/components/NoteText";
import { EntryName } from "./EntryName";
import { Section } from "./Section";

/** What was written about these runs; the same text is shown once. */
export function EntryNotes({ entries }: { entries: readonly Entry[] }) {
  const texts = [...new Set(entries.flatMap(({ notes }) => notes))];
  if (texts.length === 0) return null;
  return (
    <Section card title="Notes" testId="compare-notes">
      <Stack gap={16}>
        {texts.map((text) => (
          <div key={text}>
            <Group gap="4px 16px" mb={4} fw={550}>
              {entries
                .filter(({ notes }) => notes.includes(text))
                .map((entry) => (
                  <EntryName key={entry.key} entry={entry} />
                ))}
            </Group>
            <NoteText text={text} />
          </div>
        ))}
      </Stack>
    </Section>
  );
}
