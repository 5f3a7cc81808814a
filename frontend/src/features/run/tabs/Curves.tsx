import { Group, SimpleGrid } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useMemo } from "react";
import { byTitle, useScalarNames } from "~/api/measures";
import { curvesQuery } from "~/api/runs";
import type { RunDetail } from "~/api/types";
import { Empty } from "~/components/Empty";
import { Panel } from "~/components/panel/Panel";
import { SharedControls } from "~/components/panel/SharedControls";
import { Unread } from "~/components/Unread";
import { useView } from "~/components/useView";
import { setsOf } from "~/lib/evaluationSets";
import { list } from "~/lib/urlParams";
import classes from "../RunPage.module.css";

const CurveChooser = lazy(() => import("./CurveChooser"));
const HEIGHT = 200;

/** The scalars, grouped as their measures say; one choice of x axis and smoothing for all. */
export default function Curves({ run }: { run: RunDetail }) {
  const runs = useMemo(() => [run], [run]);
  const [search, change] = useView();
  const own = list(search.curve);
  const curves = useQuery(curvesQuery(run));
  const named = useScalarNames();

  return (
    <>
      <Group gap="8px 16px" mb={12}>
        <SharedControls panel="scalars" scope="curves" names={["x", "log", "smoothing"]} />
        <Suspense>
          <CurveChooser
            known={byTitle(Object.keys(run.latest), named)}
            chosen={own}
            onChange={(keys) => change({ curve: keys.join(",") })}
          />
        </Suspense>
      </Group>
      {own.length > 0 && (
        <div className={classes.group}>
          <Panel
            name="scalars"
            scope="curves"
            title={own.map((key) => named(key).title).join(", ")}
            runs={runs}
            fixed={{ keys: own.join(",") }}
            primary={null}
            height={280}
            testId="panel-scalars-own"
          />
        </div>
      )}
      {!curves.data && <Unread what="the curves" query={curves} />}
      {curves.data?.groups.length === 0 && <Empty card title="The run ended before anything was measured" />}
      {curves.data?.groups.map(({ name, title, cards }) => (
        <section key={name} className={classes.group}>
          <h2>{title}</h2>
          <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
            {cards.map((card) => (
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
            {name === "training" && (
              <Panel name="position" runs={runs} hideEmpty={run.state === "failed"} height={HEIGHT - 32} />
            )}
            {setsOf(cards.flatMap(({ keys }) => keys)).map((set) => (
              <Panel
                key={set.name}
                name="set_scores"
                scope={`set_${set.name}`}
                title={`With intervals, ${set.name}`}
                runs={runs}
                fixed={{ set: set.name }}
                linked="curves"
                height={HEIGHT}
                testId={`panel-set-${set.name}`}
              />
            ))}
          </SimpleGrid>
        </section>
      ))}
    </>
  );
}
