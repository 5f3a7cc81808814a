import { Button, Group } from "@mantine/core";
import type { Analysis, Export, Intervention } from "~/api/types";
import { ButtonLink } from "~/components/ButtonLink";
import { Progress, StatePill } from "~/components/RunBits";
import { Table } from "~/components/Table";
import { useView } from "~/components/useView";
import { bytes, moment, number, percent } from "~/lib/format";

interface AnalysisListProps {
  analyses: readonly Analysis[];
  interventions: readonly Intervention[];
}

/** What was asked of the run's weights and how far it is; each with its picture, and its page for log and steering. */
export function AnalysisList({ analyses, interventions }: AnalysisListProps) {
  const [, change] = useView();
  const known = new Map(interventions.map((one) => [one.kind, one]));
  const titleOf = ({ kind }: Analysis) => known.get(kind)?.title ?? kind;
  const show = (panel: string, id: string) => {
    change({ [`${panel}.analysis`]: id });
    requestAnimationFrame(() => document.querySelector(`[data-testid="panel-${panel}"]`)?.scrollIntoView());
  };
  return (
    <Table
      label="What was asked for"
      className="card"
      rows={analyses}
      keyOf={({ id }) => id}
      attributesOf={({ id }) => ({ "data-testid": `analysis-${id}` })}
      columns={[
        {
          head: "Asked",
          cell: (analysis) => (
            <>
              {titleOf(analysis)}
              {setsOf(analysis) !== "" && <p className="soft">{setsOf(analysis)}</p>}
            </>
          ),
        },
        {
          head: "State",
          cell: ({ state, error }) => (
            <>
              <StatePill state={state} />
              {typeof error?.detail === "string" && <p className="soft">{error.detail}</p>}
            </>
          ),
        },
        {
          head: "Done",
          cell: (analysis) => (
            <>
              {analysis.step} of {analysis.total_steps}
              <Progress step={analysis.step} total={analysis.total_steps} label={`${titleOf(analysis)}: done`} />
            </>
          ),
        },
        { head: "When", className: "nowrap", cell: ({ created_at }) => moment(created_at) },
        { head: "Checkpoints", cell: ({ parameters }) => steps(parameters) },
        ...(analyses.some(({ written }) => written)
          ? [{ head: "Written", cell: ({ written }: Analysis) => written && <Written {...written} /> }]
          : []),
        {
          head: "Open",
          hidden: true,
          cell: (analysis) => {
            const panel = known.get(analysis.kind)?.panel;
            return (
              <Group gap={6} justify="flex-end" wrap="nowrap">
                {analysis.step > 0 && panel && (
                  <Button
                    onClick={() => show(panel, analysis.id)}
                    aria-label={`Show the picture of ${titleOf(analysis)}`}
                  >
                    Picture
                  </Button>
                )}
                <ButtonLink
                  to="/runs/$runId"
                  params={{ runId: analysis.id }}
                  search={{ tab: "logs" }}
                  aria-label={`Log and steering of ${titleOf(analysis)}`}
                >
                  Log
                </ButtonLink>
              </Group>
            );
          },
        },
      ]}
    />
  );
}

/** The sets of an evaluation, by their names. */
function setsOf({ parameters }: Analysis): string {
  const sets = Array.isArray(parameters.sets) ? (parameters.sets as { name: string }[]) : [];
  return sets.map(({ name }) => name).join(", ");
}

/** Where an export lies, and how true an adapter is. */
function Written({ folder, bytes: size, missed, address }: Export) {
  return (
    <>
      <code>{folder}</code>
      <p className="soft">
        {bytes(size)}
        {missed !== null && `, misses ${percent(missed)} of ‖ΔW‖F`}
        {address !== null && (
          <>
            , pushed to <a href={address}>{address.replace(/^https?:\/\//, "").replace(/\/commit\/.*/, "")}</a>
          </>
        )}
      </p>
    </>
  );
}

function steps({ step, factor, early_step, steps: several }: Record<string, unknown>): string {
  if (Array.isArray(several)) return several.length > 6 ? `${several.length} checkpoints` : several.join(", ");
  if (typeof step !== "number") return "all snapshots";
  if (typeof factor === "number") return `candidate ${step} × ${number(factor)}`;
  return typeof early_step === "number" ? `${early_step}, ${step}` : String(step);
}
