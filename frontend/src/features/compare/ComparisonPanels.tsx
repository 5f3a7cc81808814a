import { Select } from "@mantine/core";
import { useMemo } from "react";
import type { Entry, RunSummary } from "~/api/types";
import { Panel } from "~/components/panel/Panel";
import { useView } from "~/components/useView";
import { panelParams } from "~/lib/urlParams";
import classes from "./ComparePage.module.css";
import { everyRun } from "./useComparison";

const CELL_PX = 150;

interface ComparisonPanelsProps {
  entries: readonly Entry[];
  runs: readonly RunSummary[];
  keys: readonly string[];
  reference: Entry;
}

/** The signature pictures as small multiples on one scale and one step; and the difference of any one to the reference. */
export function ComparisonPanels({ entries, runs, keys, reference }: ComparisonPanelsProps) {
  const [search, change] = useView();
  const others = entries.filter(({ key }) => key !== reference.key);
  const other = others.find(({ key }) => key === search.other) ?? others[0];
  const pair = useMemo(() => (other ? everyRun([reference, other]) : []), [reference, other]);
  const { step = "", statistic = "" } = panelParams(search, "module_allocation");
  const wide = { minWidth: entries.length * CELL_PX };
  return (
    <section className={classes.plain}>
      <header className={classes.sectionHead}>
        <h2>What happens to the weights?</h2>
      </header>
      <div className={classes.multiples} data-pair={entries.length === 2}>
        <div className={classes.scroll}>
          <div style={wide}>
            <Panel
              name="module_allocation"
              title="Where does the update go?"
              runs={runs}
              entries={keys}
              primary={["statistic", "scale"]}
              height={320}
            />
          </div>
        </div>
        {other && (
          <Panel
            name="difference"
            title={entries.length === 2 ? undefined : `Where does it differ from ${reference.name}?`}
            runs={pair}
            entries={[reference.key, other.key]}
            fixed={{ step, statistic }}
            primary={["mode"]}
            height={entries.length === 2 ? 350 : 320}
            aside={
              others.length > 1 && (
                <Select
                  w={200}
                  aria-label="Set against the reference"
                  data={others.map(({ key, name }) => ({ value: key, label: name }))}
                  value={other.key}
                  onChange={(key) => change({ other: key === others[0]?.key ? undefined : (key ?? undefined) })}
                  allowDeselect={false}
                />
              )
            }
          />
        )}
      </div>
      <div className={classes.stack}>
        <div className={classes.scroll}>
          <div style={wide}>
            <Panel
              name="alignment"
              title="Is the direction locked in?"
              runs={runs}
              entries={keys}
              primary={["measure", "k", "grouping"]}
              height={260}
            />
          </div>
        </div>
        <div className={classes.scroll}>
          <div style={wide}>
            <Panel
              name="decisions"
              title="How far did we dare to jump?"
              runs={runs}
              entries={keys}
              height={280}
              emptyHint="None of these runs has tried an extrapolation."
            />
          </div>
        </div>
        <Panel
          name="spectrum"
          title="Is the update low-rank?"
          runs={runs}
          entries={keys}
          scope="spectrum"
          primary={["statistic", "grouping"]}
          height={260}
        />
      </div>
    </section>
  );
}
