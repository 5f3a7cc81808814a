import { Select } from "@mantine/core";
import type { Entry, RunSummary } from "~/api/types";
import { Panel } from "~/components/panel/Panel";
import { SharedControls } from "~/components/panel/SharedControls";
import { useView } from "~/components/useView";
import { panelParams } from "~/lib/urlParams";
import classes from "./ComparePage.module.css";

const KL = "eval/reverse_kl";
const ACCURACY = "eval/accuracy";
const UPDATE_NORM = "update_norm";
const MORE = "entropy_gap";
const MATCHED = { x: "teacher_kl" };

interface OverlaysProps {
  entries: readonly Entry[];
  runs: readonly RunSummary[];
  keys: readonly string[];
}

/** The curves over each other on one choice of x axis, one of them the reader's; and at the same KL to the teacher. */
export function Overlays({ entries, runs, keys }: OverlaysProps) {
  const [search, change] = useView();
  const known = [...new Set([UPDATE_NORM, ...runs.flatMap(({ latest }) => Object.keys(latest))])].sort();
  const own = search.curve ?? MORE;
  const shared = { name: "scalars", scope: "curves", runs, entries: keys, primary: null, height: 264 } as const;
  const matched = panelParams(search, "curves").x === MATCHED.x;
  const first = matched ? ["seconds", "Seconds spent, search included"] : [KL, "Held-out reverse KL"];
  const cards = [first, [ACCURACY, "Held-out accuracy"]] as [string, string][];
  return (
    <section className={classes.plain}>
      <header className={classes.sectionHead}>
        <h2>How do the curves run?</h2>
        <SharedControls panel="scalars" scope="curves" names={["x", "log", "smoothing", ...members(entries)]} />
      </header>
      <div className={classes.cards}>
        {cards.map(([key, title]) => (
          <Panel
            key={key}
            {...shared}
            title={title}
            fixed={{ keys: key }}
            testId={`panel-scalars-${key.replace("/", "-")}`}
          />
        ))}
        <Panel
          {...shared}
          title="Your choice"
          fixed={{ keys: own }}
          testId="panel-scalars-own"
          aside={
            <Select
              w={170}
              aria-label="Curve"
              data={known.includes(own) ? known : [own, ...known]}
              value={own}
              onChange={(key) => key !== null && change({ curve: key === MORE ? undefined : key })}
              searchable
              allowDeselect={false}
            />
          }
        />
      </div>
      <header className={classes.sectionHead}>
        <h2>What are they like when equally near the teacher?</h2>
      </header>
      <div className={classes.cards} data-columns="2">
        <Panel
          {...shared}
          scope="matched"
          title="Update norm at matched teacher KL"
          fixed={{ ...MATCHED, keys: UPDATE_NORM }}
          testId="panel-matched-update_norm"
        />
        <Panel
          {...shared}
          scope="matched"
          title="Held-out accuracy at matched teacher KL"
          fixed={{ ...MATCHED, keys: ACCURACY }}
          testId="panel-matched-accuracy"
        />
      </div>
    </section>
  );
}

function members(entries: readonly Entry[]): string[] {
  return entries.some(({ is_group }) => is_group) ? ["members"] : [];
}
