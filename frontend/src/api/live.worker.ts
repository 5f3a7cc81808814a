/** One stream for all tabs of a browser: a browser opens few connections to a server, and each tab would keep one. */
import { Outbox } from "./liveNews";
import { type LiveSource, openSource } from "./liveSource";

export type FromTab = "taken" | "retry" | "leave";

const scope = self as unknown as { name: string; onconnect: (event: MessageEvent) => void };
const outboxes = new Map<MessagePort, Outbox>();
let source: LiveSource | undefined;

scope.onconnect = (event) => {
  const port = event.ports[0];
  if (port === undefined) return;
  const outbox = new Outbox((news) => port.postMessage(news));
  outboxes.set(port, outbox);
  port.onmessage = ({ data }: MessageEvent<FromTab>) => {
    if (data === "taken") outbox.taken();
    if (data === "retry") source?.retry();
    if (data === "leave") outboxes.delete(port);
  };
  // The worker is named after the tab's token, so that tabs with another token have another stream.
  source ??= openSource(scope.name, (news) => {
    for (const each of outboxes.values()) each.tell(news);
  });
  outbox.tell({ connection: source.connection() });
};
