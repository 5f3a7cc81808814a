import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { ApiError } from "~/api/client";
import { runQuery } from "~/api/runs";
import { ButtonLink } from "~/components/ButtonLink";
import { Empty } from "~/components/Empty";
import { ErrorBox } from "~/components/ErrorBox";
import { Loading } from "~/components/Loading";
import { FailureBox } from "./FailureBox";
import { Notes } from "./Notes";
import { RunHeader } from "./RunHeader";
import { RunTabs } from "./RunTabs";
import { Signature } from "./Signature";

/** One run, live: how far, where the update goes, whether its direction is locked in, how far it dared to jump. */
export function RunPage() {
  const { runId } = useParams({ from: "/runs/$runId" });
  const { data: run, error, refetch } = useQuery(runQuery(runId));

  if (run !== undefined) {
    return (
      <div className="page" key={runId}>
        <RunHeader run={run} />
        {run.state === "failed" && <FailureBox run={run} />}
        {run.kind !== "analysis" && <Signature run={run} />}
        <Notes run={run} />
        <RunTabs run={run} />
      </div>
    );
  }
  if (error instanceof ApiError && error.status === 404) {
    return (
      <div className="page">
        <Empty title={`There is no run ${runId}`} action={<ButtonLink to="/runs">See all runs</ButtonLink>}>
          It may have been deleted.
        </Empty>
      </div>
    );
  }
  return (
    <div className="page">
      {error ? (
        <ErrorBox title="The run could not be read" error={error} onRetry={() => void refetch()} />
      ) : (
        <Loading label="Reading the run" />
      )}
    </div>
  );
}
