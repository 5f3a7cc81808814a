import { SimpleGrid } from "@mantine/core";
import type { Entry } from "~/api/types";
import { Panel } from "~/components/panel/Panel";
import { SharedControls } from "~/components/panel/SharedControls";
import { setsOf } from "~/lib/evaluationSets";
import { Section } from "./Section";
import type { Compared } from "./useComparison";

/** A picture per evaluation set that any of the runs has been scored on as it trained. */
export function ComparedSets({ runs, keys, reference }: Compared & { reference: Entry }) {
  const sets = setsOf(runs.flatMap(({ latest }) => Object.keys(latest)));
  if (sets.length === 0) return null;
  return (
    <Section
      title="How are the evaluation sets answered?"
      testId="compared-sets"
      tools={<SharedControls panel="set_scores" scope="sets" names={["against", "measure"]} />}
    >
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
        {sets.map(({ name, forgetting }) => (
          <Panel
            key={name}
            name="set_scores"
            scope="sets"
            title={forgetting ? `${name}, not trained for` : name}
            runs={runs}
            entries={keys}
            fixed={{ set: name, reference: reference.key }}
            primary={null}
            height={264}
            testId={`panel-set-${name}`}
          />
        ))}
      </SimpleGrid>
    </Section>
  );
}
