import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { ApiError } from "~/api/client";
import { runQuery } from "~/api/runs";
import type { RunDetail } from "~/api/types";
import { ButtonLink } from "~/components/ButtonLink";
import { Empty } from "~/components/Empty";
import { Unread } from "~/components/Unread";
import { FailureBox } from "./FailureBox";
import { Notes } from "./Notes";
import { RunHeader } from "./RunHeader";
import { RunTabs } from "./RunTabs";
import { Signature } from "./Signature";

const WITHOUT_PICTURES: readonly RunDetail["kind"][] = ["analysis", "check", "playground"];

/** One run, live: how far, where the update goes, whether its direction is locked in, how far it dared to jump. */
export function RunPage() {
  const { runId } = useParams({ from: "/runs/$runId" });
  const query = useQuery(runQuery(runId));
  const run = query.data;
  if (run !== undefined) {
    return (
      <div className="page" key={runId}>
        <RunHeader run={run} />
        {run.state === "failed" && <FailureBox run={run} />}
        {!WITHOUT_PICTURES.includes(run.kind) && <Signature run={run} />}
        <Notes run={run} />
        <RunTabs run={run} />
      </div>
    );
  }
  const gone = query.error instanceof ApiError && query.error.status === 404;
  return (
    <div className="page">
      {gone ? (
        <Empty title={`There is no run ${runId}`} action={<ButtonLink to="/runs">See all runs</ButtonLink>}>
          It may have been deleted.
        </Empty>
      ) : (
        <Unread what="the run" query={query} />
      )}
    </div>
  );
}
