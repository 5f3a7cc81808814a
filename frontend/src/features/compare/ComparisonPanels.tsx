import { Box, Select, SimpleGrid } from "@mantine/core";
import { type ReactNode, useMemo } from "react";
import type { Entry } from "~/api/types";
import { Panel } from "~/components/panel/Panel";
import { useView } from "~/components/useView";
import { panelParams } from "~/lib/urlParams";
import classes from "./ComparePage.module.css";
import { Section } from "./Section";
import { type Compared, everyRun } from "./useComparison";

const CELL_PX = 190;

/** The signature pictures as small multiples on one scale and one step; and the difference of any one to the reference. */
export function ComparisonPanels({ entries, runs, keys, reference }: Compared & { reference: Entry }) {
  const [search, change] = useView();
  const others = entries.filter(({ key }) => key !== reference.key);
  const other = others.find(({ key }) => key === search.other) ?? others[0];
  const pair = useMemo(() => (other ? everyRun([reference, other]) : []), [reference, other]);
  const { step = "", statistic = "" } = panelParams(search, "module_allocation");
  const wide = (picture: ReactNode) => (
    <Box style={{ overflowX: "auto" }}>
      <Box miw={entries.length * CELL_PX}>{picture}</Box>
    </Box>
  );
  return (
    <Section title="What happens to the weights?">
      <SimpleGrid className={classes.multiples} data-pair={entries.length === 2}>
        {wide(
          <Panel
            name="module_allocation"
            title="Where does the update go?"
            runs={runs}
            entries={keys}
            primary={["statistic", "scale", "color_range", "experts", "sort"]}
            height={320}
          />,
        )}
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
      </SimpleGrid>
      <SimpleGrid>
        {wide(
          <Panel
            name="alignment"
            title="Is the direction locked in?"
            runs={runs}
            entries={keys}
            primary={["measure", "k", "grouping"]}
            height={260}
          />,
        )}
        {wide(
          <Panel
            name="decisions"
            title="How far did we dare to jump?"
            runs={runs}
            entries={keys}
            height={280}
            emptyHint="None of these runs has tried an extrapolation."
          />,
        )}
        <Panel
          name="spectrum"
          title="Is the update low-rank?"
          runs={runs}
          entries={keys}
          scope="spectrum"
          primary={["statistic", "grouping"]}
          height={260}
        />
      </SimpleGrid>
    </Section>
  );
}
