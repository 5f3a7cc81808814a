import { ActionIcon, SimpleGrid, Tooltip } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useMemo } from "react";
import type { RunDetail } from "~/api/types";
import { Panel } from "~/components/panel/Panel";
import { useView } from "~/components/useView";
import { firstOf } from "~/lib/pinned";
import { shortModule } from "~/lib/words";

const HEIGHT = 316;

/** The three pictures that say what training does to the weights; a click in one opens its detail below. */
export function Signature({ run }: { run: RunDetail }) {
  const [search, change] = useView();
  const runs = useMemo(() => [run], [run]);
  const failed = run.state === "failed";
  const module = search.module;
  const trigger = search.trigger;
  const statistic = search["module_allocation.statistic"];

  return (
    <>
      <h2 className="visually-hidden">What training does to the weights</h2>
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} mb={12}>
        <Panel
          name="module_allocation"
          title="Where does the update go?"
          runs={runs}
          hideEmpty={failed}
          primary={["statistic", "color_range", "experts", "sort"]}
          height={HEIGHT}
          emptyHint="Norms per module come with the first step."
        />
        <Panel
          name="alignment"
          title="Is the direction locked in?"
          runs={runs}
          hideEmpty={failed}
          primary={["measure", "k"]}
          height={HEIGHT}
          emptyHint={
            run.kind === "import"
              ? "Two checkpoints make the first point."
              : "Subspaces are measured at powers of two; two snapshots make the first point."
          }
        />
        {run.kind === "import" ? (
          <Panel
            name="lock_in"
            title="When does each module lock in?"
            runs={runs}
            hideEmpty={failed}
            height={HEIGHT}
            emptyHint="Three checkpoints make the first picture."
          />
        ) : (
          <Panel
            name="decisions"
            title="How far did we dare to jump?"
            runs={runs}
            hideEmpty={failed}
            height={HEIGHT}
            emptyHint={
              run.looks_ahead
                ? "The strategy has not looked ahead yet."
                : "This run follows the optimizer alone. \u201cTry extrapolating now\u201d makes one search."
            }
            onPointClick={(point) => {
              const step = firstOf(point.customdata);
              if (typeof step === "number") change({ trigger: String(step) === trigger ? undefined : String(step) });
            }}
          />
        )}
      </SimpleGrid>
      {(module !== undefined || trigger !== undefined) && (
        <SimpleGrid minColWidth="min(420px, 100%)" autoFlow="auto-fit" mb={12}>
          {module !== undefined && (
            <Panel
              name="module_history"
              title={`How did ${shortModule(module)} change?`}
              runs={runs}
              fixed={statistic ? { module, statistic } : { module }}
              height={200}
              aside={<Close label="Unpin the module" onClick={() => change({ module: undefined })} />}
            />
          )}
          {trigger !== undefined && (
            <Panel
              name="decision_line"
              title={`The line tried at step ${trigger}`}
              runs={runs}
              fixed={{ step: trigger }}
              height={200}
              aside={<Close label="Close the line" onClick={() => change({ trigger: undefined })} />}
            />
          )}
        </SimpleGrid>
      )}
    </>
  );
}

function Close({ label, onClick }: { label: string; onClick: () => void }) {
  return (
    <Tooltip label={label}>
      <ActionIcon aria-label={label} onClick={onClick}>
        <IconX size={15} />
      </ActionIcon>
    </Tooltip>
  );
}
