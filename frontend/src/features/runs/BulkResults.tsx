import { Button, Group, Modal, ScrollArea, Stack, Text } from "@mantine/core";
import classes from "./RunsPage.module.css";
import type { Refusal } from "./useBulk";

/** The runs that it could not be done to, and why. */
export default function BulkResults({ refused, onClose }: { refused: readonly Refusal[]; onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} title={`Not possible for ${refused.length} of the runs`} size="lg">
      <Stack gap="md">
        <ScrollArea.Autosize mah={360} type="auto">
          <ul className={`list ${classes.refused}`} data-testid="bulk-refused">
            {refused.map(({ run, name, detail }) => (
              <li key={run}>
                <strong>{name}</strong>
                <Text size="sm">{detail}</Text>
              </li>
            ))}
          </ul>
        </ScrollArea.Autosize>
        <Group justify="flex-end">
          <Button variant="filled" size="sm" onClick={onClose} data-autofocus>
            Understood
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
