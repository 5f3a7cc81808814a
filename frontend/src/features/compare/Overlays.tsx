import { Select, SimpleGrid } from "@mantine/core";
import { byTitle, useScalarNames } from "~/api/measures";
import type { Entry } from "~/api/types";
import { Panel } from "~/components/panel/Panel";
import { SharedControls } from "~/components/panel/SharedControls";
import { useView } from "~/components/useView";
import { panelParams } from "~/lib/urlParams";
import { Section } from "./Section";
import type { Compared } from "./useComparison";

const KL = "eval/reverse_kl";
const ACCURACY = "eval/accuracy";
const SECONDS = "seconds";
const UPDATE_NORM = "update_norm";
const MORE = "entropy_gap";
const MATCHED = { x: "teacher_kl" };

/** The curves over each other on one choice of x axis, one of them the reader's; and at the same KL to the teacher. */
export function Overlays({ entries, runs, keys }: Compared) {
  const [search, change] = useView();
  const known = [...new Set([UPDATE_NORM, ...runs.flatMap(({ latest }) => Object.keys(latest))])];
  const own = search.curve ?? MORE;
  const shared = { name: "scalars", scope: "curves", runs, entries: keys, primary: null, height: 264 } as const;
  const matched = panelParams(search, "curves").x === MATCHED.x;
  const named = useScalarNames();
  const cards = [matched ? SECONDS : KL, ACCURACY];
  return (
    <>
      <Section
        title="How do the curves run?"
        tools={<SharedControls panel="scalars" scope="curves" names={["x", "log", "smoothing", ...members(entries)]} />}
      >
        <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
          {cards.map((key) => (
            <Panel
              key={key}
              {...shared}
              title={named(key).title}
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
                data={byTitle(known.includes(own) ? known : [own, ...known], named)}
                value={own}
                onChange={(key) => key !== null && change({ curve: key === MORE ? undefined : key })}
                searchable
                allowDeselect={false}
              />
            }
          />
        </SimpleGrid>
      </Section>
      <Section title="What are they like when equally near the teacher?">
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <Panel
            {...shared}
            scope="matched"
            title={`${named(UPDATE_NORM).title} at matched teacher KL`}
            fixed={{ ...MATCHED, keys: UPDATE_NORM }}
            testId="panel-matched-update_norm"
          />
          <Panel
            {...shared}
            scope="matched"
            title={`${named(ACCURACY).title} at matched teacher KL`}
            fixed={{ ...MATCHED, keys: ACCURACY }}
            testId="panel-matched-accuracy"
          />
        </SimpleGrid>
      </Section>
    </>
  );
}

function members(entries: readonly Entry[]): string[] {
  return entries.some(({ is_group }) => is_group) ? ["members"] : [];
}
