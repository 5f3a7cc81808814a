import { SimpleGrid } from "@mantine/core";
import { useMemo } from "react";
import type { RunDetail } from "~/api/types";
import { Panel } from "~/components/panel/Panel";
import { SharedControls } from "~/components/panel/SharedControls";
import { SpectralTable } from "~/components/SpectralTable";

const STATISTICS = [
  ["spectral_frobenius_ratio", "Spectral / Frobenius norm"],
  ["effective_rank", "Effective rank"],
  ["top1pct_norm_ratio", "Norm in the top 1% of the rank"],
  ["stable_rank", "Stable rank"],
  ["spectral_norm", "Spectral norm"],
  ["visible_sparsity", "bf16 values that did not change"],
] as const;

const DIRECTIONS = ["first_last_cosine", "lock_in"] as const;

/** How low-rank the update is, over the run and as the paper's table. */
export default function Spectrum({ run }: { run: RunDetail }) {
  const runs = useMemo(() => [run], [run]);
  const failed = run.state === "failed";
  return (
    <>
      <SharedControls panel="spectrum" scope="spectrum" names={["grouping"]} />
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} my={12}>
        {STATISTICS.map(([statistic, title]) => (
          <Panel
            key={statistic}
            name="spectrum"
            scope="spectrum"
            title={title}
            runs={runs}
            hideEmpty={failed}
            fixed={{ statistic }}
            primary={null}
            height={200}
            testId={`panel-spectrum-${statistic}`}
            emptyHint="Spectral measures are taken at powers of two, and every few steps."
          />
        ))}
      </SimpleGrid>
      <SimpleGrid cols={{ base: 1, sm: 2 }} my={16}>
        {DIRECTIONS.map((name) => (
          <Panel
            key={name}
            name={name}
            runs={runs}
            hideEmpty={failed}
            height={300}
            emptyHint="It takes two snapshots of the update."
          />
        ))}
      </SimpleGrid>
      <SpectralTable
        runs={runs}
        fixed={{ statistic: STATISTICS[0][0] }}
        caption="Means over all attention and MLP matrices, at the latest snapshot"
      />
    </>
  );
}
