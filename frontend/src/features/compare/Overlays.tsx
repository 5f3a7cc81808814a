import { Select } from "@mantine/core";
import type { RunDetail } from "~/api/types";
import { Panel } from "~/components/panel/Panel";
import { SharedControls } from "~/components/panel/SharedControls";
import { useView } from "~/components/useView";
import classes from "./ComparePage.module.css";

const CARDS: readonly [string, string][] = [
  ["eval/reverse_kl", "Held-out reverse KL"],
  ["eval/accuracy", "Held-out accuracy"],
];
const MORE = "overlap_ratio";

/** The runs' curves over each other, on one choice of x axis; the third picture is the reader's. */
export function Overlays({ runs }: { runs: readonly RunDetail[] }) {
  const [search, change] = useView();
  const known = [...new Set(runs.flatMap(({ latest }) => Object.keys(latest)))].sort();
  const own = search.curve ?? MORE;
  return (
    <section className={classes.plain}>
      <header className={classes.sectionHead}>
        <h2>How do the curves run?</h2>
        <SharedControls panel="scalars" scope="curves" names={["x", "log", "smoothing"]} />
      </header>
      <div className={classes.cards}>
        {CARDS.map(([key, title]) => (
          <Panel
            key={key}
            name="scalars"
            scope="curves"
            title={title}
            runs={runs}
            fixed={{ keys: key }}
            primary={null}
            height={264}
            testId={`panel-scalars-${key.replace("/", "-")}`}
          />
        ))}
        <Panel
          name="scalars"
          scope="curves"
          title="Your choice"
          runs={runs}
          fixed={{ keys: own }}
          primary={null}
          height={264}
          testId="panel-scalars-own"
          aside={
            <Select
              size="xs"
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
    </section>
  );
}
