import { ActionIcon, Button, Group, Modal, Stack, Switch, Text, Tooltip } from "@mantine/core";
import { IconPencil, IconPlus, IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { alertKeys, deleteRule, keepRule, ruleMeasuresQuery, rulesQuery } from "~/api/alerts";
import type { AlertRule, RuleMeasures } from "~/api/types";
import { SeverityPill } from "~/components/alerts/SeverityPill";
import { Empty } from "~/components/Empty";
import { ErrorBox, errorText } from "~/components/ErrorBox";
import { Loading } from "~/components/Loading";
import { notify } from "~/components/notify";
import table from "~/components/table.module.css";
import classes from "./Alerts.module.css";
import { RuleForm } from "./RuleForm";
import { conditionOf } from "./rules";
import { Signatures } from "./Signatures";

/** The user's rules, and what is watched without any. */
export default function Rules() {
  const { data: rules, error, refetch } = useQuery(rulesQuery());
  const { data: measures } = useQuery(ruleMeasuresQuery());
  const [editing, setEditing] = useState<AlertRule | "new" | null>(null);
  const [deleting, setDeleting] = useState<AlertRule | null>(null);

  return (
    <>
      <section className={classes.block} aria-labelledby="own-rules">
        <div className={classes.toolbar}>
          <h2 id="own-rules">Your rules</h2>
          <Button
            variant="filled"
            leftSection={<IconPlus size={15} />}
            onClick={() => setEditing("new")}
            data-testid="rule-add"
          >
            Add a rule
          </Button>
        </div>
        {error && <ErrorBox title="The rules could not be read" error={error} onRetry={() => void refetch()} />}
        {!rules && !error && <Loading label="Reading the rules" />}
        {rules && (
          <div className={`card ${table.wrap}`}>
            {rules.length === 0 ? (
              <Empty title="No rule of your own yet">
                A rule raises an alert when a curve, or a statistic of any module, passes a threshold you choose.
              </Empty>
            ) : (
              <RuleTable rules={rules} measures={measures} onEdit={setEditing} onDelete={setDeleting} />
            )}
          </div>
        )}
      </section>
      <Signatures />
      {editing !== null && measures && (
        <RuleForm rule={editing === "new" ? null : editing} measures={measures} onClose={() => setEditing(null)} />
      )}
      {deleting !== null && <DeleteRule rule={deleting} onClose={() => setDeleting(null)} />}
    </>
  );
}

interface RuleTableProps {
  rules: readonly AlertRule[];
  measures: RuleMeasures | undefined;
  onEdit: (rule: AlertRule) => void;
  onDelete: (rule: AlertRule) => void;
}

function RuleTable({ rules, measures, onEdit, onDelete }: RuleTableProps) {
  return (
    <table className={`${table.table} ${classes.rules}`} data-testid="rule-table">
      <thead>
        <tr>
          <th>Rule</th>
          <th>Raises an alert when</th>
          <th>On runs</th>
          <th>Severity</th>
          <th>On</th>
          <th className={table.right}>Change</th>
        </tr>
      </thead>
      <tbody>
        {rules.map((rule) => (
          <tr key={rule.id} data-testid={`rule-${rule.id}`}>
            <td>{rule.name}</td>
            <td>{conditionOf(rule, measures)}</td>
            <td>{rule.runs === "" ? "all" : <span className="mono">{rule.runs}</span>}</td>
            <td>
              <SeverityPill severity={rule.severity} />
            </td>
            <td>
              <RuleSwitch rule={rule} />
            </td>
            <td className={table.right}>
              <span className={classes.actions}>
                <Tooltip label="Change the rule">
                  <ActionIcon size="md" aria-label={`Change: ${rule.name}`} onClick={() => onEdit(rule)}>
                    <IconPencil size={15} />
                  </ActionIcon>
                </Tooltip>
                <Tooltip label="Delete the rule">
                  <ActionIcon size="md" aria-label={`Delete: ${rule.name}`} onClick={() => onDelete(rule)}>
                    <IconTrash size={15} />
                  </ActionIcon>
                </Tooltip>
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function RuleSwitch({ rule }: { rule: AlertRule }) {
  const cache = useQueryClient();
  const { id, created_at: _, ...draft } = rule;
  const change = useMutation({
    mutationFn: (enabled: boolean) => keepRule(id, { ...draft, enabled }),
    onSuccess: () => cache.invalidateQueries({ queryKey: alertKeys.rules }),
    onError: (error) => notify(errorText(error), "The rule was not changed"),
  });
  return (
    <Switch
      aria-label={`Watch for: ${rule.name}`}
      checked={change.isPending ? change.variables : rule.enabled}
      onChange={(event) => change.mutate(event.currentTarget.checked)}
    />
  );
}

function DeleteRule({ rule, onClose }: { rule: AlertRule; onClose: () => void }) {
  const cache = useQueryClient();
  const deletion = useMutation({
    mutationFn: () => deleteRule(rule.id),
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: alertKeys.rules });
      onClose();
    },
  });
  return (
    <Modal opened onClose={onClose} title={`Delete the rule “${rule.name}”?`}>
      <Stack gap="md">
        <Text size="sm">Nothing is watched by it any more. The alerts it raised stay.</Text>
        {deletion.error && <ErrorBox title="It was not deleted" error={deletion.error} />}
        <Group justify="flex-end" gap="sm">
          <Button size="sm" onClick={onClose} data-autofocus>
            Keep it
          </Button>
          <Button
            variant="filled"
            color="#b3261e"
            size="sm"
            loading={deletion.isPending}
            onClick={() => deletion.mutate()}
          >
            Delete the rule
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
