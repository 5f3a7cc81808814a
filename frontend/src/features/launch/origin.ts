import type { RunLabels } from "~/api/launch";
import type { Preset, RunConfig, RunDetail, RunError } from "~/api/types";
import type { View } from "~/components/useView";
import type { FieldProblem } from "~/lib/formErrors";
import { integer } from "~/lib/urlParams";
import type { SweepDraft } from "./SweepCard";
import { draftOf, NO_SWEEP } from "./sweepDraft";

/** Where the form starts, and against what it is compared. */
export interface Origin {
  /** Another key starts the form anew. */
  key: string;
  title: string;
  preset?: string;
  copiedFrom?: string;
  config: RunConfig;
  sweep: SweepDraft;
  labels: RunLabels;
  /** Why the run that is copied failed, at the field that it is about. */
  failure?: FieldProblem;
}

const NO_LABELS: RunLabels = { group: "", tags: [], notes: "" };

/** The run that a view clones or forks. */
export function originRun(search: View): string | undefined {
  return search.fork ?? search.clone;
}

export function originOf(
  search: View,
  presets: readonly Preset[] | undefined,
  run: RunDetail | undefined,
): Origin | undefined {
  if (originRun(search) !== undefined) {
    if (!run?.config) return undefined;
    return search.fork !== undefined ? forkOf(run, run.config, search) : cloneOf(run, run.config, search.field);
  }
  const chosen = presets?.find(({ name }) => name === search.preset) ?? presets?.[0];
  return (
    chosen && {
      key: `preset ${chosen.name}`,
      title: `the preset “${chosen.title}”`,
      preset: chosen.name,
      config: chosen.config,
      sweep: draftOf(chosen.sweep, chosen.per_setting),
      labels: NO_LABELS,
    }
  );
}

function cloneOf(run: RunDetail, config: RunConfig, field: string | undefined): Origin {
  return {
    key: `clone ${run.id}`,
    copiedFrom: run.id,
    title: `the run “${run.name}”`,
    config: { ...config, name: `${run.name} copy`.slice(0, 200) },
    sweep: NO_SWEEP,
    labels: { group: run.group, tags: run.tags, notes: "" },
    failure: failureOf(run, field),
  };
}

function failureOf(run: RunDetail, field: string | undefined): FieldProblem | undefined {
  const error = run.error as RunError | null;
  const path = field ?? run.wrong_field;
  return error && path !== null ? { path, message: `The run failed here: ${error.detail}` } : undefined;
}

function forkOf(run: RunDetail, config: RunConfig, search: View): Origin {
  const step = integer(search.step);
  const factor = search.factor === undefined ? {} : { factor: Number(search.factor) };
  const student = { kind: "run", run_id: run.id, step, ...factor } as RunConfig["student"];
  const at = step === null ? "latest" : step;
  return {
    key: `fork ${run.id} ${at} ${search.factor ?? ""}`,
    title: `the run “${run.name}”`,
    config: { ...config, student, name: `${run.name} fork @ ${at}`.slice(0, 200) },
    sweep: NO_SWEEP,
    labels: { group: run.group, tags: run.tags, notes: "" },
  };
}
