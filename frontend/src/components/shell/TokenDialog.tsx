import { Button, Modal, PasswordInput, Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { readToken, writeToken } from "~/api/token";

/** Asks for the bearer token when the server wants one. */
export default function TokenDialog() {
  const cache = useQueryClient();
  const [token, setToken] = useState("");
  const refused = readToken() !== "";

  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    writeToken(token.trim());
    setToken("");
    void cache.invalidateQueries();
  };

  return (
    <Modal
      opened
      onClose={() => undefined}
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
      title="This server asks for a token"
    >
      <form onSubmit={submit}>
        <Stack gap="md">
          <Text size="sm" c="dimmed">
            It was set as OPDBOARD_TOKEN where the server was started. It is kept in this tab only.
          </Text>
          <PasswordInput
            label="Token"
            value={token}
            onChange={(event) => setToken(event.currentTarget.value)}
            error={refused && token === "" ? "The last token was refused." : undefined}
            data-autofocus
            data-testid="token-input"
          />
          <Button variant="filled" type="submit" size="sm" disabled={token.trim() === ""} data-testid="token-submit">
            Use this token
          </Button>
        </Stack>
      </form>
    </Modal>
  );
}
