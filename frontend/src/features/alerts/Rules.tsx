import { ActionIcon, Button, Group, Modal, Stack, Switch, Text, Tooltip } from "@mantine/core";
import { IconPencil, IconPlus, IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { alertKeys, deleteRule, keepRule, rulesQuery } from "~/api/alerts";
import { measuresQuery } from "~/api/measures";
import type { AlertRule } from "~/api/types";
import { SeverityPill } from "~/components/alerts/SeverityPill";
import { Empty } from "~/components/Empty";
import { ErrorBox, errorText } from "~/components/ErrorBox";
import { notify } from "~/components/notify";
import { Table } from "~/components/Table";
import { Unread } from "~/components/Unread";
import classes from "./Alerts.module.css";
import { RuleForm } from "./RuleForm";
import { conditionOf } from "./rules";
import { Signatures } from "./Signatures";

/** The user's rules, and what is watched without any. */
export default function Rules() {
  const query = useQuery(rulesQuery());
  const rules = query.data;
  const { data: measures } = useQuery(measuresQuery());
  const [editing, setEditing] = useState<AlertRule | "new" | null>(null);
  const [deleting, setDeleting] = useState<AlertRule | null>(null);

  return (
    <>
      <section className={classes.block} aria-labelledby="own-rules">
        <Group justify="space-between" mb={8}>
          <h2 id="own-rules">Your rules</h2>
          <Button
            variant="filled"
            leftSection={<IconPlus size={15} />}
            onClick={() => setEditing("new")}
            data-testid="rule-add"
          >
            Add a rule
          </Button>
        </Group>
        {!rules && <Unread what="the rules" query={query} />}
        {rules?.length === 0 && (
          <Empty card title="No rule of your own yet">
            A rule raises an alert when a curve, or a statistic of any module, passes a threshold you choose.
          </Empty>
        )}
        {rules && rules.length > 0 && (
          <Table
            label="Rules"
            className={`card ${classes.rules}`}
            data-testid="rule-table"
            rows={rules}
            keyOf={({ id }) => id}
            columns={[
              { head: "Rule", cell: ({ name }) => name },
              { head: "Raises an alert when", cell: (rule) => conditionOf(rule, measures) },
              {
                head: "On runs",
                cell: (rule) => (rule.runs === "" ? "all" : <span className="mono">{rule.runs}</span>),
              },
              { head: "Severity", cell: ({ severity }) => <SeverityPill severity={severity} /> },
              { head: "On", cell: (rule) => <RuleSwitch rule={rule} /> },
              {
                head: "Change",
                right: true,
                cell: (rule) => (
                  <Group gap={4} justify="flex-end" wrap="nowrap">
                    <Tooltip label="Change the rule">
                      <ActionIcon size="md" aria-label={`Change: ${rule.name}`} onClick={() => setEditing(rule)}>
                        <IconPencil size={15} />
                      </ActionIcon>
                    </Tooltip>
                    <Tooltip label="Delete the rule">
                      <ActionIcon size="md" aria-label={`Delete: ${rule.name}`} onClick={() => setDeleting(rule)}>
                        <IconTrash size={15} />
                      </ActionIcon>
                    </Tooltip>
                  </Group>
                ),
              },
            ]}
          />
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
