import { Button, Checkbox, CloseButton, MultiSelect, Select, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import type { Plan } from "~/api/types";
import { FormSection } from "~/components/form/sections";
import type { Leaf } from "~/lib/configSchema";
import { type FieldProblem, pathInWords, sentence } from "~/lib/formErrors";
import { type Axis, seedsIn } from "~/lib/sweep";
import { LogGrid } from "./LogGrid";
import classes from "./Sweep.module.css";
import { SweepTable } from "./SweepTable";

export interface SweepDraft {
  seeds: string;
  axes: readonly Axis[];
  perSetting: boolean;
}

interface SweepCardProps {
  sweep: SweepDraft;
  leaves: readonly Leaf[];
  problems: readonly FieldProblem[];
  runs: Plan["runs"] | undefined;
  folded: boolean;
  onChange: (changes: Partial<SweepDraft>) => void;
}

/** What to vary: seeds, and values of any field. Every combination is a run. */
export function SweepCard({ sweep, leaves, problems, runs = [], folded, onChange }: SweepCardProps) {
  const { seeds, axes, perSetting } = sweep;
  const several = seeds.trim() !== "" || axes.length > 0;
  const setAxis = (index: number, axis: Axis) => onChange({ axes: axes.with(index, axis) });
  const seedsProblem =
    seedsIn(seeds) === null ? "Numbers and ranges, such as 0-4 or 0,3,7" : messageAt(problems, "sweep.seeds");
  return (
    <FormSection
      title="Sweep"
      testId="section-Sweep"
      summary={several ? `${runs.length} runs: every combination of ${varied(sweep)}` : "One run; nothing is varied"}
      folded={folded}
    >
      <p className={classes.help}>
        Repeat this configuration over seeds and over values of its fields. Every combination becomes a run, and all of
        them a group; when one is refused none is made.
      </p>
      <div className={classes.axes}>
        <TextInput
          label="Seeds"
          description="For example 0-4; empty is the one seed above."
          value={seeds}
          onChange={(event) => onChange({ seeds: event.currentTarget.value })}
          error={seedsProblem}
          data-testid="sweep-seeds"
        />
        {axes.map((axis, index) => (
          <AxisFields
            // biome-ignore lint/suspicious/noArrayIndexKey: an axis has no other identity while its path is being chosen
            key={index}
            axis={axis}
            index={index}
            leaves={leaves.filter(({ path }) => path === axis.path || !axes.some((other) => other.path === path))}
            error={messageAt(problems, `sweep.grid.${axis.path}`)}
            onChange={(next) => setAxis(index, next)}
            onRemove={() => onChange({ axes: axes.toSpliced(index, 1) })}
          />
        ))}
        <div className={classes.add}>
          {!axes.some(({ path }) => path === "optimizer.learning_rate") && (
            <Button
              leftSection={<IconPlus size={14} />}
              onClick={() => onChange({ axes: [...axes, { path: "optimizer.learning_rate", text: "" }] })}
              data-testid="sweep-add-rate"
            >
              Vary the learning rate
            </Button>
          )}
          <Button
            leftSection={<IconPlus size={14} />}
            onClick={() => onChange({ axes: [...axes, { path: "", text: "" }] })}
            data-testid="sweep-add"
          >
            Vary another field
          </Button>
        </div>
        {axes.length > 0 && (
          <Checkbox
            label="One group for each setting, so that the compare page averages its seeds"
            checked={perSetting}
            onChange={(event) => onChange({ perSetting: event.currentTarget.checked })}
            data-testid="sweep-per-setting"
          />
        )}
      </div>
      {several && runs.length > 0 && <SweepTable runs={runs} />}
    </FormSection>
  );
}

interface AxisFieldsProps {
  axis: Axis;
  index: number;
  leaves: readonly Leaf[];
  error: string | undefined;
  onChange: (axis: Axis) => void;
  onRemove: () => void;
}

function AxisFields({ axis, index, leaves, error, onChange, onRemove }: AxisFieldsProps) {
  const leaf = leaves.find(({ path }) => path === axis.path);
  const values = axis.text.split(",").map((part) => part.trim());
  return (
    <div className={classes.axis}>
      <Select
        label="Field"
        searchable
        placeholder="Choose a field"
        data={leaves
          .filter(({ type, path }) => type !== "text" && path !== "seed")
          .map(({ path }) => ({ value: path, label: pathInWords(path.replace(/\.kind$/, "")) }))}
        value={axis.path === "" ? null : axis.path}
        onChange={(path) => onChange({ path: path ?? "", text: "" })}
        data-testid={`sweep-field-${index}`}
      />
      {leaf?.type === "choice" ? (
        <MultiSelect
          label="Values"
          data={leaf.options}
          value={values.filter((value) => leaf.options.some((option) => option.value === value))}
          onChange={(chosen) => onChange({ ...axis, text: chosen.join(", ") })}
          error={error}
          data-testid={`sweep-values-${index}`}
        />
      ) : (
        <div className={classes.values}>
          <TextInput
            label="Values"
            placeholder="Comma-separated"
            value={axis.text}
            onChange={(event) => onChange({ ...axis, text: event.currentTarget.value })}
            error={error}
            disabled={axis.path === ""}
            data-testid={`sweep-values-${index}`}
          />
          {axis.path !== "" && <LogGrid around={Number(leaf?.shown)} onFill={(text) => onChange({ ...axis, text })} />}
        </div>
      )}
      <CloseButton size="sm" aria-label={`Do not vary ${pathInWords(axis.path) || "this field"}`} onClick={onRemove} />
    </div>
  );
}

function messageAt(problems: readonly FieldProblem[], path: string): string | undefined {
  const found = problems.find((problem) => problem.path === path);
  return found && sentence(found.message);
}

function varied({ seeds, axes }: SweepDraft): string {
  const names = axes.filter(({ path }) => path !== "").map(({ path }) => pathInWords(path.replace(/\.kind$/, "")));
  return [...names, ...(seeds.trim() === "" ? [] : ["seed"])].join(", ");
}
