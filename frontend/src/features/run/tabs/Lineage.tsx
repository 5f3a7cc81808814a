import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { lineageQuery } from "~/api/runs";
import type { LineageLink, LineageRun, RunDetail } from "~/api/types";
import { Empty } from "~/components/Empty";
import { ErrorBox } from "~/components/ErrorBox";
import { Loading } from "~/components/Loading";
import { MethodBadge, RunDot, StatePill } from "~/components/RunBits";
import classes from "./Lineage.module.css";

/** Which runs this one comes from, and which come from it. */
export default function Lineage({ run }: { run: RunDetail }) {
  const { data, error, refetch } = useQuery(lineageQuery(run.id));
  if (error && !data)
    return <ErrorBox title="The lineage could not be read" error={error} onRetry={() => void refetch()} />;
  if (!data) return <Loading label="Reading the lineage" />;
  if (data.links.length === 0) {
    return (
      <div className="card">
        <Empty title="This run stands alone">
          It began from a model that no run made, and no run has been forked from it or taught by it.
        </Empty>
      </div>
    );
  }
  const known = new Map(data.runs.map((each) => [each.id, each]));
  return (
    <section className={`card ${classes.tree}`} data-testid="lineage">
      <Branch title="Comes from" id={run.id} direction="source" links={data.links} known={known} />
      <Branch title="Made from it" id={run.id} direction="run" links={data.links} known={known} />
    </section>
  );
}

interface BranchProps {
  title?: string;
  id: string;
  /** The end of a link to go to: its source, or the run made from it. */
  direction: "source" | "run";
  links: readonly LineageLink[];
  known: ReadonlyMap<string, LineageRun>;
  above?: readonly string[];
}

function Branch({ title, id, direction, links, known, above = [] }: BranchProps) {
  const from = direction === "source" ? "run" : "source";
  const next = links.filter((link) => link[from] === id && !above.includes(link[direction]));
  if (next.length === 0) return title ? <p className={classes.none}>{title}: no other run.</p> : null;
  return (
    <div>
      {title && <h2 className={classes.title}>{title}</h2>}
      <ul className={classes.branch}>
        {next.map((link) => (
          <li key={`${link.run} ${link.relation} ${link.source}`}>
            <Member id={link[direction]} run={known.get(link[direction])} how={howOf(link, direction)} />
            <Branch id={link[direction]} direction={direction} links={links} known={known} above={[...above, id]} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function Member({ id, run, how }: { id: string; run: LineageRun | undefined; how: string }) {
  return (
    <span className={classes.member} data-testid={`lineage-${id}`}>
      <span className="soft">{how}</span>
      {run === undefined ? (
        <span>run {id}, deleted since</span>
      ) : (
        <>
          <RunDot color={run.color} />
          <Link to="/runs/$runId" params={{ runId: id }}>
            {run.name}
          </Link>
          <StatePill state={run.state} />
          <MethodBadge name={run.method_name} />
          <span className="soft nowrap">
            step {run.step} / {run.total_steps}
          </span>
        </>
      )}
    </span>
  );
}

function howOf({ relation, step, factor }: LineageLink, direction: "source" | "run"): string {
  if (relation === "copy") return direction === "source" ? "configuration of" : "configuration copied by";
  if (relation === "subject") return direction === "source" ? "looks at" : "looked at by";
  const at =
    step === null
      ? "latest checkpoint"
      : factor === null
        ? `step ${step}`
        : `step ${step}, candidate of factor ${factor}`;
  if (relation === "teacher") return direction === "source" ? `student of (${at})` : `teacher of (${at})`;
  return direction === "source" ? `forked from (${at})` : `fork (${at})`;
}
