import { Group, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { lineageQuery } from "~/api/runs";
import type { LineageLink, LineageRun, RunDetail } from "~/api/types";
import { Empty } from "~/components/Empty";
import { MethodBadge, RunDot, StatePill } from "~/components/RunBits";
import { Unread } from "~/components/Unread";
import { number } from "~/lib/format";
import classes from "./Lineage.module.css";

/** Which runs this one comes from, and which come from it. */
export default function Lineage({ run }: { run: RunDetail }) {
  const query = useQuery(lineageQuery(run.id));
  if (!query.data) return <Unread what="the lineage" query={query} />;
  const { links, runs } = query.data;
  if (links.length === 0) {
    return (
      <Empty card title="This run stands alone">
        It began from a model that no run made, and no run has been forked from it or taught by it.
      </Empty>
    );
  }
  const known = new Map(runs.map((each) => [each.id, each]));
  return (
    <Stack className="card" gap={14} p="12px 16px 16px" data-testid="lineage">
      <Branch title="Comes from" id={run.id} direction="source" links={links} known={known} />
      <Branch title="Made from it" id={run.id} direction="run" links={links} known={known} />
    </Stack>
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
  if (next.length === 0)
    return title ? (
      <Text size="sm" c="dimmed">
        {title}: no other run.
      </Text>
    ) : null;
  return (
    <div>
      {title && (
        <Title order={2} fz={14} lh="20px">
          {title}
        </Title>
      )}
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
    <Group gap="4px 10px" fz={13} data-testid={`lineage-${id}`}>
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
    </Group>
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
        : `step ${step}, candidate of factor ${number(factor)}`;
  if (relation === "teacher") return direction === "source" ? `student of (${at})` : `teacher of (${at})`;
  return direction === "source" ? `forked from (${at})` : `fork (${at})`;
}
