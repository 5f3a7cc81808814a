import { lazy, Suspense, useMemo } from "react";
import type { RunDetail } from "~/api/types";
import { Panel } from "~/components/panel/Panel";
import { SharedControls } from "~/components/panel/SharedControls";
import { useView } from "~/components/useView";
import { list } from "~/lib/urlParams";
import classes from "../RunPage.module.css";
import { CURVE_GROUPS } from "./curveGroups";

const CurveChooser = lazy(() => import("./CurveChooser"));
const HEIGHT = 200;

/** The scalars, grouped; one choice of x axis and smoothing for all. Curves that the run does not have are left out. */
export default function Curves({ run }: { run: RunDetail }) {
  const runs = useMemo(() => [run], [run]);
  const [search, change] = useView();
  const own = list(search.curve);
  const known = Object.keys(run.latest).sort();
  const has = (keys: readonly string[]) => known.length === 0 || keys.some((key) => key in run.latest);

  return (
    <>
      <div className={classes.toolbar}>
        <SharedControls panel="scalars" scope="curves" names={["x", "log", "smoothing"]} />
        <Suspense>
          <CurveChooser known={known} chosen={own} onChange={(keys) => change({ curve: keys.join(",") })} />
        </Suspense>
      </div>
      {own.length > 0 && (
        <div className={classes.group}>
          <Panel
            name="scalars"
            scope="curves"
            title={own.join(", ")}
            runs={runs}
            fixed={{ keys: own.join(",") }}
            primary={null}
            height={280}
            testId="panel-scalars-own"
          />
        </div>
      )}
      {CURVE_GROUPS.filter(({ cards }) => cards.some(({ keys }) => has(keys))).map((group) => (
        <section key={group.title} className={classes.group}>
          <h2>{group.title}</h2>
          <div className={classes.cards}>
            {group.cards
              .filter((card) => has(card.keys))
              .map((card) => (
                <Panel
                  key={card.title}
                  name="scalars"
                  scope="curves"
                  title={card.title}
                  runs={runs}
                  fixed={{ keys: card.keys.filter((key) => known.length === 0 || key in run.latest).join(",") }}
                  primary={null}
                  height={HEIGHT}
                  testId={`panel-scalars-${card.keys[0]?.replace("/", "-")}`}
                />
              ))}
            {group.title === "On the training batch" && <Panel name="position" runs={runs} height={HEIGHT - 32} />}
          </div>
        </section>
      ))}
    </>
  );
}
