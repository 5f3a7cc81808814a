import { Button } from "@mantine/core";
import type { Analysis, Intervention } from "~/api/types";
import { ButtonLink } from "~/components/ButtonLink";
import { Progress, StatePill } from "~/components/RunBits";
import table from "~/components/table.module.css";
import { useView } from "~/components/useView";
import { moment } from "~/lib/format";
import classes from "./Analyses.module.css";

interface AnalysisListProps {
  analyses: readonly Analysis[];
  interventions: readonly Intervention[];
}

/** What was asked of the run's weights and how far it is; each with its picture, and its page for log and steering. */
export function AnalysisList({ analyses, interventions }: AnalysisListProps) {
  const known = new Map(interventions.map((one) => [one.kind, one]));
  return (
    <div className={`card ${table.wrap}`} data-testid="analyses">
      <table className={table.table}>
        <thead>
          <tr>
            <th>Analysis</th>
            <th>State</th>
            <th>Variants</th>
            <th>Asked for</th>
            <th>Checkpoints</th>
            <th>
              <span className="visually-hidden">Open</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {analyses.map((analysis) => (
            <Row key={analysis.id} analysis={analysis} intervention={known.get(analysis.kind)} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ analysis, intervention }: { analysis: Analysis; intervention: Intervention | undefined }) {
  const [, change] = useView();
  const title = intervention?.title ?? analysis.kind;
  const show = () => {
    change({ [`${intervention?.panel}.analysis`]: analysis.id });
    requestAnimationFrame(() =>
      document.querySelector(`[data-testid="panel-${intervention?.panel}"]`)?.scrollIntoView(),
    );
  };
  return (
    <tr data-testid={`analysis-${analysis.id}`}>
      <td>{title}</td>
      <td>
        <StatePill state={analysis.state} />
        {typeof analysis.error?.detail === "string" && <p className="soft">{analysis.error.detail}</p>}
      </td>
      <td>
        <div className={classes.progress}>
          {analysis.step} of {analysis.total_steps}
          <Progress step={analysis.step} total={analysis.total_steps} label={`${title}: variants done`} />
        </div>
      </td>
      <td className="nowrap">{moment(analysis.created_at)}</td>
      <td>{steps(analysis.parameters)}</td>
      <td>
        <div className={classes.actions}>
          {analysis.step > 0 && intervention && (
            <Button size="compact-sm" onClick={show} aria-label={`Show the picture of ${title}`}>
              Picture
            </Button>
          )}
          <ButtonLink
            size="compact-sm"
            to="/runs/$runId"
            params={{ runId: analysis.id }}
            search={{ tab: "logs" }}
            aria-label={`Log and steering of ${title}`}
          >
            Log
          </ButtonLink>
        </div>
      </td>
    </tr>
  );
}

function steps({ step, early_step, steps: several }: Record<string, unknown>): string {
  if (Array.isArray(several)) return several.length > 6 ? `${several.length} checkpoints` : several.join(", ");
  if (typeof step !== "number") return "all snapshots";
  return typeof early_step === "number" ? `${early_step}, ${step}` : String(step);
}
