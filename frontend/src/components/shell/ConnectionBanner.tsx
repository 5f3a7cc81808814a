import { Button } from "@mantine/core";
import { connection, reconnect } from "~/api/live";
import { tokenAsked } from "~/api/token";
import { clock, duration } from "~/lib/format";
import { useStore } from "~/lib/store";
import { useNow } from "../useNow";
import { useDatabaseSilence } from "../useServerNow";
import classes from "./Shell.module.css";

const PATIENCE_SECONDS = 5;

/** Says since when the page no longer follows the server, and that what it shows is of that time. */
export function ConnectionBanner() {
  const { state, since, everLive } = useStore(connection);
  const asked = useStore(tokenAsked);
  const now = useNow();
  const databaseSilent = useDatabaseSilence();
  const lost = state === "lost" || (state === "connecting" && now - since > PATIENCE_SECONDS);
  if (asked || (!lost && databaseSilent === null)) return null;
  const from = lost ? since : (databaseSilent ?? since);
  const when = `since ${clock(from)}, ${duration(Math.max(0, Math.round(now - from)))}`;
  return (
    <div className={classes.banner} role="status" data-testid="connection-banner">
      {lost ? (
        <>
          <strong>{everLive ? `Connection lost ${when}` : `The server does not answer ${when}`}</strong>
          <span>
            {everLive && "What you see is of that time. "}The page reconnects by itself as soon as the server answers.
          </span>
          <Button size="compact-xs" onClick={reconnect}>
            Try now
          </Button>
        </>
      ) : (
        <>
          <strong>The server's database does not answer {when}</strong>
          <span>What you see is of that time.</span>
        </>
      )}
    </div>
  );
}
