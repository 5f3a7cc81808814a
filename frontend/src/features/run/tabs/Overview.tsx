import { SimpleGrid } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { curvesQuery } from "~/api/runs";
import type { RunDetail } from "~/api/types";
import { Panel } from "~/components/panel/Panel";
import { Unread } from "~/components/Unread";
import { Notes } from "../Notes";
import { Signature } from "../Signature";

const HEIGHT = 200;

/** What a reader looks at first: where the update goes, what was noted, and the few curves that say how the run goes. */
export default function Overview({ run }: { run: RunDetail }) {
  const runs = useMemo(() => [run], [run]);
  const curves = useQuery(curvesQuery(run));
  return (
    <>
      <Signature run={run} />
      <Notes run={run} />
      {!curves.data && <Unread what="the curves" query={curves} />}
      <h2 className="visually-hidden">How it goes</h2>
      <SimpleGrid cols={{ base: 1, sm: 2, xl: 4 }}>
        {curves.data?.overview.map((card) => (
          <Panel
            key={card.title}
            name="scalars"
            scope="curves"
            title={card.title}
            runs={runs}
            hideEmpty={run.state === "failed"}
            fixed={{ keys: card.keys.join(",") }}
            primary={null}
            height={HEIGHT}
            testId={`panel-scalars-${card.keys[0]?.replace("/", "-")}`}
          />
        ))}
      </SimpleGrid>
    </>
  );
}
