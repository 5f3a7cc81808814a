import { Autocomplete, TagsInput, Textarea } from "@mantine/core";
import type { RunLabels } from "~/api/launch";
import { FormSection } from "~/components/form/sections";
import classes from "./Sweep.module.css";

interface LabelsCardProps {
  labels: RunLabels;
  groups: readonly string[];
  folded: boolean;
  onChange: (changes: Partial<RunLabels>) => void;
}

/** Where the runs belong and why they are made; nothing of it changes what is computed. */
export function LabelsCard({ labels, groups, folded, onChange }: LabelsCardProps) {
  const parts = [
    labels.group && `group ${labels.group}`,
    labels.tags.length > 0 && `tags ${labels.tags.join(", ")}`,
    labels.notes && "with notes",
  ].filter(Boolean);
  return (
    <FormSection
      title="Group, tags, notes"
      testId="section-labels"
      summary={parts.join(" · ") || "none"}
      folded={folded}
    >
      <div className={classes.axes}>
        <Autocomplete
          size="xs"
          label="Group"
          description="Runs of a group are averaged on the compare page."
          data={[...groups]}
          value={labels.group}
          maxLength={200}
          onChange={(group) => onChange({ group })}
          data-testid="launch-group"
        />
        <TagsInput
          size="xs"
          label="Tags"
          description="Enter or a comma ends a tag."
          value={labels.tags}
          onChange={(tags) => onChange({ tags })}
          data-testid="launch-tags"
        />
        <Textarea
          size="xs"
          label="Notes"
          description="Why this run is made; shown on its page."
          autosize
          minRows={2}
          value={labels.notes}
          onChange={(event) => onChange({ notes: event.currentTarget.value })}
          data-testid="launch-notes"
        />
      </div>
    </FormSection>
  );
}
