import { ActionIcon, Button, Group, Switch, TextInput, Tooltip } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { addWebhook, alertKeys, changeWebhook, deleteWebhook, testWebhook, webhooksQuery } from "~/api/alerts";
import type { Webhook } from "~/api/types";
import { Empty } from "~/components/Empty";
import { errorText } from "~/components/ErrorBox";
import { notify } from "~/components/notify";
import { Unread } from "~/components/Unread";
import { useNow } from "~/components/useNow";
import { ago } from "~/lib/format";
import classes from "./Alerts.module.css";

const SAMPLE = `{
  "text": "[warning] KL spike in run “OPD seed 0” at step 23. reverse_kl is 1.9 nats/token, …",
  "alert": { "id": 7, "run": "f58f4e13", "run_name": "OPD seed 0", "step": 23, "kind": "kl_spike",
    "severity": "warning", "title": "KL spike", "message": "…", "measure": "reverse_kl", "module": null,
    "value": 1.9, "at": 1790000000.0, "url": null },
  "finished": null
}`;

/** Who else hears of alerts, and of runs that finish. */
export default function Webhooks() {
  const query = useQuery(webhooksQuery());
  const { data } = query;
  return (
    <>
      <AddWebhook />
      {!data && <Unread what="the webhooks" query={query} />}
      {data?.length === 0 && (
        <Empty card title="Alerts are shown here only">
          Add the address of an incoming webhook, of Slack, Mattermost or a program of yours, to be told elsewhere too.
        </Empty>
      )}
      <ul className={classes.webhooks}>
        {data?.map((webhook) => (
          <WebhookItem key={webhook.id} webhook={webhook} />
        ))}
      </ul>
      <section className={classes.block} aria-labelledby="webhook-body">
        <h2 id="webhook-body">What is sent</h2>
        <p className="soft">
          One POST per alert, and one per run that has finished (then “alert” is null, and “finished” has the run, its
          step and the newest value of each measure), as JSON. It is tried six times within about an hour and a quarter;
          redirects are not followed. With OPDBOARD_PUBLIC_URL set, the message ends with a link to the run.
        </p>
        <pre className={`mono ${classes.sample}`}>{SAMPLE}</pre>
      </section>
    </>
  );
}

function AddWebhook() {
  const cache = useQueryClient();
  const [url, setUrl] = useState("");
  const add = useMutation({
    mutationFn: () => addWebhook(url.trim()),
    onSuccess: () => {
      setUrl("");
      return cache.invalidateQueries({ queryKey: alertKeys.webhooks });
    },
  });
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  return (
    <form onSubmit={submit} className={classes.add}>
      <TextInput
        size="sm"
        label="Address"
        description="http or https. It is kept, and only its host and its end are shown again."
        placeholder="https://hooks.slack.com/services/…"
        value={url}
        error={add.error ? errorText(add.error) : undefined}
        onChange={(event) => setUrl(event.currentTarget.value)}
        data-testid="webhook-url"
      />
      <Button
        variant="filled"
        type="submit"
        size="sm"
        disabled={url.trim() === ""}
        loading={add.isPending}
        data-testid="webhook-add"
      >
        Send alerts there
      </Button>
    </form>
  );
}

function WebhookItem({ webhook }: { webhook: Webhook }) {
  const cache = useQueryClient();
  const now = useNow(5000);
  const again = () => cache.invalidateQueries({ queryKey: alertKeys.webhooks });
  const trial = useMutation({
    mutationFn: () => testWebhook(webhook.id),
    onSuccess: ({ delivered, error }) =>
      delivered
        ? notify(`The test message arrived at ${webhook.address}.`)
        : notify(`${webhook.address}: ${error}`, "The test message did not arrive"),
    onError: (error) => notify(errorText(error), "The test message was not sent"),
  });
  const change = useMutation({
    mutationFn: (wanted: Parameters<typeof changeWebhook>[1]) => changeWebhook(webhook.id, wanted),
    onSuccess: again,
    onError: (error) => notify(errorText(error), "The webhook was not changed"),
  });
  const shown = { ...webhook, ...(change.isPending && change.variables) };
  const removal = useMutation({
    mutationFn: () => deleteWebhook(webhook.id),
    onSuccess: again,
    onError: (error) => notify(errorText(error), "The webhook was not removed"),
  });
  return (
    <li className={`card ${classes.webhook}`} data-testid={`webhook-${webhook.id}`}>
      <span className="mono">{webhook.address}</span>
      <span className="soft" data-testid={`webhook-state-${webhook.id}`}>
        {webhook.delivered} delivered
        {webhook.last_delivered_at !== null && `, last ${ago(webhook.last_delivered_at, now)}`}
        {webhook.waiting > 0 && ` · ${webhook.waiting} waiting`}
        {webhook.given_up > 0 && ` · ${webhook.given_up} given up`}
      </span>
      {webhook.last_error && (webhook.waiting > 0 || webhook.given_up > 0) && (
        <span className={classes.failed}>{webhook.last_error}</span>
      )}
      <Group gap={10} ml="auto">
        <Button loading={trial.isPending} onClick={() => trial.mutate()}>
          Send a test
        </Button>
        <Switch
          label="Finished runs, too"
          aria-label={`Send finished runs to ${webhook.address}`}
          checked={shown.finished}
          disabled={!shown.enabled}
          onChange={(event) => change.mutate({ finished: event.currentTarget.checked })}
        />
        <Switch
          label="On"
          aria-label={`Send alerts to ${webhook.address}`}
          checked={shown.enabled}
          onChange={(event) => change.mutate({ enabled: event.currentTarget.checked })}
        />
        <Tooltip label="Remove the address and what still waits for it">
          <ActionIcon
            size="md"
            aria-label={`Remove ${webhook.address}`}
            loading={removal.isPending}
            onClick={() => removal.mutate()}
          >
            <IconTrash size={15} />
          </ActionIcon>
        </Tooltip>
      </Group>
    </li>
  );
}
