import { SimpleGrid } from "@mantine/core";
import { ButtonLink } from "~/components/ButtonLink";
import { Empty } from "~/components/Empty";
import { Later } from "~/components/Later";
import { SpectralTable } from "~/components/SpectralTable";
import { Unread } from "~/components/Unread";
import { ComparedAnalyses } from "./ComparedAnalyses";
import { ComparedSamples } from "./ComparedSamples";
import { ComparedSets } from "./ComparedSets";
import { ComparisonPanels } from "./ComparisonPanels";
import { ConfigDifferences } from "./ConfigDifferences";
import { EntryChips } from "./EntryChips";
import { EntryNotes } from "./EntryNotes";
import { Overlays } from "./Overlays";
import { PaperTable } from "./PaperTable";
import { SpeedupMeter } from "./SpeedupMeter";
import { useComparison } from "./useComparison";

/** Two to eight runs or groups side by side. */
export function ComparePage() {
  const comparison = useComparison();
  const { entries, runs, keys, reference, asked, unread } = comparison;
  return (
    <div className="page">
      <div className="page-head">
        <h1>Compare</h1>
      </div>
      <EntryChips comparison={comparison} />
      {unread && <Unread what="the runs" query={unread} />}
      {asked.length < 2 && (
        <Empty
          card
          title={asked.length === 0 ? "Choose two to eight runs or groups" : "Add a second run or group"}
          action={<ButtonLink to="/runs">Select runs in the table</ButtonLink>}
        >
          Their curves are drawn over each other, on steps, tokens, seconds or at matched KL to the teacher, and their
          weights side by side. A group is drawn as its mean with a 95 % interval over its seeds.
        </Empty>
      )}
      {entries.length >= 2 && reference !== undefined && (
        <SimpleGrid spacing={16}>
          <SpeedupMeter entries={entries} reference={reference} />
          <Overlays entries={entries} runs={runs} keys={keys} />
          <ComparedSets entries={entries} runs={runs} keys={keys} reference={reference} />
          <ComparisonPanels entries={entries} runs={runs} keys={keys} reference={reference} />
          <Later>
            <SpectralTable
              runs={runs}
              entries={keys}
              caption="Means over all attention and MLP matrices at the latest snapshot; groups: mean ± half of the 95 % interval over seeds"
            >
              <PaperTable />
            </SpectralTable>
            <ComparedAnalyses entries={entries} runs={runs} keys={keys} />
            <ConfigDifferences entries={entries} />
            <ComparedSamples entries={entries} />
            <EntryNotes entries={entries} />
          </Later>
        </SimpleGrid>
      )}
    </div>
  );
}
