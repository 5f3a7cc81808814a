import { Autocomplete, Button, Group, Modal, NumberInput, Select, Switch, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { alertKeys, keepRule } from "~/api/alerts";
import { ApiError } from "~/api/client";
import type { AlertRule, AlertRuleDraft, Measures } from "~/api/types";
import { ErrorBox } from "~/components/ErrorBox";
import { sentence } from "~/lib/formErrors";
import classes from "./Alerts.module.css";
import { COMPARISONS, unitOf } from "./rules";

const NEW: AlertRuleDraft = {
  name: "",
  scope: "scalar",
  measure: "reverse_kl",
  comparison: ">",
  threshold: null,
  steps: 1,
  severity: "warning",
  runs: "",
  enabled: true,
};
const MOST_STEPS = 64;

interface RuleFormProps {
  /** None makes a new one. */
  rule: AlertRule | null;
  measures: Measures;
  onClose: () => void;
}

/** When to raise an alert, and on which runs. */
export function RuleForm({ rule, measures, onClose }: RuleFormProps) {
  const cache = useQueryClient();
  const [draft, setDraft] = useState<AlertRuleDraft>(() => (rule === null ? NEW : withoutId(rule)));
  const set = (changes: Partial<AlertRuleDraft>) => setDraft((before) => ({ ...before, ...changes }));
  const keep = useMutation({
    mutationFn: () => keepRule(rule?.id ?? null, draft),
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: alertKeys.rules });
      onClose();
    },
  });
  const fields = keep.error instanceof ApiError ? keep.error.fields : [];
  const wrong = (name: string) => {
    const problem = fields.find(({ path, message }) => path === name || (path === "" && message.startsWith(name)));
    return problem && sentence(problem.message);
  };
  const known = measures[draft.scope];
  const compares = draft.comparison !== "not finite";
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    keep.mutate();
  };

  return (
    <Modal opened onClose={onClose} title={rule === null ? "Add a rule" : "Change the rule"} size="lg">
      <form onSubmit={submit} className={classes.form} data-testid="rule-form">
        <TextInput
          size="sm"
          className={classes.wide}
          label="Name"
          description="The title of its alerts."
          placeholder="KL too high"
          value={draft.name}
          maxLength={200}
          error={wrong("name")}
          onChange={(event) => set({ name: event.currentTarget.value })}
          data-autofocus
        />
        <Select
          size="sm"
          label="Watches"
          data-testid="rule-scope"
          data={[
            { value: "scalar", label: "a curve of the run" },
            { value: "module", label: "a statistic of every module" },
          ]}
          value={draft.scope}
          allowDeselect={false}
          onChange={(scope) =>
            scope &&
            set({ scope: scope as AlertRuleDraft["scope"], measure: scope === "module" ? "step_norm" : "reverse_kl" })
          }
        />
        {draft.scope === "scalar" ? (
          <Autocomplete
            label="Measure"
            data-testid="rule-measure"
            description={known.find(({ name }) => name === draft.measure)?.title ?? "A scalar of your own trainer."}
            data={known.map(({ name }) => name)}
            value={draft.measure}
            maxLength={128}
            error={wrong("measure")}
            onChange={(measure) => set({ measure })}
          />
        ) : (
          <Select
            size="sm"
            label="Measure"
            data-testid="rule-measure"
            description={known.find(({ name }) => name === draft.measure)?.title}
            data={known.map(({ name }) => name)}
            value={draft.measure}
            allowDeselect={false}
            searchable
            error={wrong("measure")}
            onChange={(measure) => measure && set({ measure })}
          />
        )}
        <Select
          size="sm"
          label="Is"
          data={COMPARISONS}
          value={draft.comparison}
          allowDeselect={false}
          onChange={(value) => {
            const comparison = value as AlertRuleDraft["comparison"];
            set({ comparison, ...(comparison === "not finite" ? { threshold: null } : {}) });
          }}
        />
        <NumberInput
          label={`Threshold${unitSuffix(unitOf(measures, draft.scope, draft.measure))}`}
          value={draft.threshold ?? ""}
          disabled={!compares}
          error={wrong("threshold")}
          onChange={(value) => set({ threshold: typeof value === "number" ? value : null })}
        />
        <NumberInput
          label="Measurements in a row"
          description="As many that do not meet it end the alert."
          min={1}
          max={MOST_STEPS}
          allowDecimal={false}
          value={draft.steps}
          error={wrong("steps")}
          onChange={(value) => set({ steps: typeof value === "number" ? value : 1 })}
        />
        <Select
          size="sm"
          label="Severity"
          data={["warning", "critical"]}
          value={draft.severity}
          allowDeselect={false}
          onChange={(severity) => severity && set({ severity: severity as AlertRuleDraft["severity"] })}
        />
        <TextInput
          size="sm"
          className={classes.wide}
          label="On runs"
          description="Words, or a query as in the runs table: method = effopd and tag = ours. Empty watches every run."
          value={draft.runs}
          error={wrong("runs")}
          onChange={(event) => set({ runs: event.currentTarget.value })}
        />
        {keep.error && fields.length === 0 && (
          <div className={classes.wide}>
            <ErrorBox title="The rule was not kept" error={keep.error} />
          </div>
        )}
        <Group className={classes.wide} justify="space-between">
          <Switch
            label="On"
            checked={draft.enabled}
            onChange={(event) => set({ enabled: event.currentTarget.checked })}
          />
          <Group gap="sm">
            <Button size="sm" onClick={onClose}>
              Leave it
            </Button>
            <Button variant="filled" type="submit" size="sm" loading={keep.isPending} data-testid="rule-keep">
              {rule === null ? "Watch for this" : "Keep the changes"}
            </Button>
          </Group>
        </Group>
      </form>
    </Modal>
  );
}

function withoutId({ id: _, created_at: __, ...draft }: AlertRule): AlertRuleDraft {
  return draft;
}

function unitSuffix(unit: string): string {
  return unit === "" ? "" : ` [${unit}]`;
}
