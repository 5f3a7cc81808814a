import { useQuery } from "@tanstack/react-query";
import { panelListQuery } from "~/api/panels";
import type { Analysis, Intervention, RunSummary } from "~/api/types";
import { Panel } from "./Panel";
import classes from "./Panel.module.css";

interface AnalysisPanelsProps {
  analyses: readonly Analysis[];
  interventions: readonly Intervention[];
  runs: readonly RunSummary[];
  /** Runs and groups that are asked for, where groups are drawn. */
  entries?: readonly string[];
  /** Show this one, not the latest of its kind. */
  only?: Analysis;
}

/** The pictures of what has been found so far. */
export function AnalysisPanels({ analyses, interventions, runs, entries, only }: AnalysisPanelsProps) {
  const { data: panels = [] } = useQuery(panelListQuery());
  const drawn = entries?.length ?? runs.length;
  const found = new Set((only ? [only] : analyses).filter(({ step }) => step > 0).map(({ kind }) => kind));
  const names = [...new Set(interventions.flatMap(({ kind, panel }) => (panel && found.has(kind) ? [panel] : [])))];
  const possible = names.filter((name) => panels.some((panel) => panel.name === name && drawn <= panel.max_runs));
  return (
    <div className={classes.pictures}>
      {possible.map((name) => (
        <Panel
          key={name}
          name={name}
          runs={runs}
          {...(entries ? { entries } : {})}
          {...(only ? { fixed: { analysis: only.id } } : {})}
          primary={["measure", "x"]}
          height={320}
        />
      ))}
    </div>
  );
}
