import { useQuery } from "@tanstack/react-query";
import { checkQuery } from "~/api/checks";
import type { RunDetail } from "~/api/types";
import { CheckView } from "~/components/check/CheckView";
import { Empty } from "~/components/Empty";
import { Unread } from "~/components/Unread";

/** What each side read before the first step, and what was found of the pair then. */
export default function Read({ run }: { run: RunDetail }) {
  const query = useQuery(checkQuery(run.id));
  if (query.data === undefined) return <Unread what="the check" query={query} />;
  if (query.data !== null) return <CheckView check={query.data} />;
  const coming = run.state === "queued" || run.state === "starting";
  return (
    <Empty card title={coming ? "Nothing has been read yet" : "What the two sides read is not known"}>
      {coming
        ? "The pair is looked at as soon as a worker has loaded both models, before the first step."
        : run.kind === "reported"
          ? "This run's own trainer tells its numbers alone."
          : run.state === "failed"
            ? "The run failed before both models had been loaded and read their first prompts."
            : "It was begun by a version of opdboard that did not look yet."}
    </Empty>
  );
}
