import { Tooltip } from "@mantine/core";
import { connection } from "~/api/live";
import { clock } from "~/lib/format";
import type { Connection } from "~/lib/liveStore";
import { useStore } from "~/lib/store";
import classes from "./Shell.module.css";

/** Whether what is on screen follows the server. */
export function LiveDot() {
  const { state, since } = useStore(connection);
  return (
    <Tooltip label={explain({ state, since })} w={260}>
      <span className={classes.live} data-state={state} data-testid="live-state" role="status">
        <span className={classes.dot} aria-hidden />
        {state === "lost" ? `lost since ${clock(since)}` : state}
      </span>
    </Tooltip>
  );
}

function explain({ state, since }: Pick<Connection, "state" | "since">): string {
  switch (state) {
    case "live":
      return `Changes arrive as they happen, since ${clock(since)}.`;
    case "catching up":
      return "Connected again; fetching what changed meanwhile.";
    case "connecting":
      return "Connecting to the server.";
    case "lost":
      return "The server does not answer. What you see is of that time; the page reconnects by itself.";
  }
}
