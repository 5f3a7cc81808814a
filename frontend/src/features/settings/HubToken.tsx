import { Button, Group, PasswordInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { HUB_ACCESS, hubAccessQuery, storeHubToken } from "~/api/hub";
import type { HubAccess } from "~/api/types";
import { Unread } from "~/components/Unread";
import { useAction } from "~/components/useAction";

const TOLD: Record<HubAccess["token"], string> = {
  stored: "One is kept in the data folder, and shown nowhere.",
  environment: "That of this server's environment (HF_TOKEN) is used.",
  none: "There is none: only public repositories can be found and loaded, and nothing can be pushed.",
};

/** A token of the hub goes in here and never comes out. */
export function HubToken() {
  const query = useQuery(hubAccessQuery());
  const [token, setToken] = useState("");
  const store = useAction(storeHubToken, "The token was not kept", [...HUB_ACCESS], ["hub-models"]);
  if (!query.data) return <Unread query={query} what="how the hub is asked" />;
  const keep = (event: React.FormEvent) => {
    event.preventDefault();
    store.mutate(token.trim(), { onSuccess: () => setToken("") });
  };
  return (
    <form onSubmit={keep}>
      <span data-testid="hub-token-source">{TOLD[query.data.token]}</span>
      {query.data.offline && " The hub is not asked at all (HF_HUB_OFFLINE): only what is cached can be used."}
      <Group gap={8} mt={8}>
        <PasswordInput
          flex={1}
          miw={180}
          size="xs"
          aria-label="Token of the hub"
          placeholder="hf_…"
          autoComplete="off"
          value={token}
          onChange={(event) => setToken(event.currentTarget.value)}
          data-testid="hub-token"
        />
        <Button type="submit" disabled={token.trim() === ""} loading={store.isPending} data-testid="hub-token-keep">
          Keep
        </Button>
        {query.data.token === "stored" && (
          <Button variant="subtle" color="gray" onClick={() => store.mutate("")} data-testid="hub-token-forget">
            Forget
          </Button>
        )}
      </Group>
    </form>
  );
}
