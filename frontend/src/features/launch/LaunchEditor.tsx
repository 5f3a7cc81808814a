import { Group, SegmentedControl, Switch } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useCallback, useEffect, useMemo, useState } from "react";
import type { RunLabels } from "~/api/launch";
import type { RunConfig } from "~/api/types";
import { Problem } from "~/components/ErrorBox";
import { useView } from "~/components/useView";
import { type Difference, differences, putBack, same, type Values, valueAt } from "~/lib/configPaths";
import { filled, leavesOf } from "~/lib/configSchema";
import { fileName } from "~/lib/download";
import { foundFields, saidOf, trlNames } from "~/lib/findFields";
import type { FieldProblem } from "~/lib/formErrors";
import type { JsonSchema } from "~/lib/formSchema";
import { Changes } from "./Changes";
import { CheckCard } from "./CheckCard";
import ConfigForm from "./ConfigForm";
import { DataLook } from "./DataLook";
import { ErrorSummary, focusField } from "./ErrorSummary";
import { FieldFinder } from "./FieldFinder";
import { LabelsCard } from "./LabelsCard";
import { LaunchBar } from "./LaunchBar";
import classes from "./LaunchPage.module.css";
import type { Origin } from "./origin";
import { Summary } from "./Summary";
import { SweepCard, type SweepDraft } from "./SweepCard";
import { sweepOf } from "./sweepDraft";
import { useCheck } from "./useCheck";
import { useDraft } from "./useDraft";
import { usePlan } from "./usePlan";
import { YamlView } from "./YamlView";

const FORM_ID = "launch-form";

interface LaunchEditorProps {
  origin: Origin;
  schema: JsonSchema;
  groups: readonly string[];
}

/** The configuration, as a form or as YAML, beside what launching it would do. */
export function LaunchEditor({ origin, schema, groups }: LaunchEditorProps) {
  const [search, change] = useView();
  const [asYaml, full] = [search.view === "yaml", search.all === "1"];
  const start = useMemo(() => filled(schema, origin.config) as unknown as RunConfig, [schema, origin.config]);
  const draft = useDraft(start, schema, full);
  const [sweep, setSweep] = useState<SweepDraft>(origin.sweep);
  const [labels, setLabels] = useState<RunLabels>(origin.labels);
  const folded = useMediaQuery("(max-width: 767px)", undefined, { getInitialValueInEffect: false }) ?? false;

  const broken = asYaml && draft.textProblems.length > 0;
  const { config, setConfig } = draft;
  const leaves = useMemo(() => leavesOf(schema, config as unknown as Values), [schema, config]);
  const asked = useMemo(
    () => ({ sweep: sweepOf(sweep, leaves), group: labels.group, per_setting: sweep.perSetting }),
    [sweep, leaves, labels.group],
  );
  const { plan, problems: refused, unseen, current, error } = usePlan(config, asked);
  const check = useCheck(config);
  const failure = useFailure(origin.failure, start, config);
  const problems = useMemo(() => [...refused, ...check.problems, ...failure], [refused, check.problems, failure]);
  const changes = useMemo(() => differences(start, config).filter(({ path }) => path !== "name"), [start, config]);
  const undo = useCallback(
    (difference: Difference) =>
      setConfig(
        (before) =>
          putBack(before as unknown as Values, start as unknown as Values, difference) as unknown as RunConfig,
      ),
    [start, setConfig],
  );

  const [find, changedOnly] = [search.find ?? "", search.changed === "1"];
  const only = useMemo(
    () =>
      find.trim() === "" && !changedOnly
        ? null
        : foundFields(leaves, trlNames(schema), find, changedOnly ? changes : null),
    [leaves, schema, find, changedOnly, changes],
  );
  const [first] = useState(search.field);
  useEffect(() => {
    if (first !== undefined) requestAnimationFrame(() => focusField(first));
  }, [first]);

  function show(path: string) {
    if ((asYaml && !path.startsWith("sweep.")) || only !== null)
      change({ view: undefined, find: undefined, changed: undefined });
    requestAnimationFrame(() => focusField(path));
  }

  return (
    <>
      <div className={classes.columns}>
        <div className={classes.form}>
          <Group mb={10} justify="space-between">
            <SegmentedControl
              aria-label="Edit as"
              data={[
                { value: "form", label: "Form" },
                { value: "yaml", label: "YAML" },
              ]}
              value={asYaml ? "yaml" : "form"}
              onChange={(view) => change({ view: view === "yaml" ? "yaml" : undefined })}
              data-testid="launch-view"
            />
            {!asYaml && (
              <FieldFinder
                text={find}
                changedOnly={changedOnly}
                found={only && { shown: only.length, of: leaves.length }}
                said={saidOf(trlNames(schema), find)}
                onText={(text) => change({ find: text })}
                onChangedOnly={(wanted) => change({ changed: wanted ? "1" : undefined })}
              />
            )}
            <Switch
              label="Every setting"
              checked={full}
              onChange={(event) => change({ all: event.currentTarget.checked ? "1" : undefined })}
              data-testid="launch-all"
            />
          </Group>
          {asYaml ? (
            <YamlView
              text={draft.text}
              full={full}
              fileName={`${fileName(config.name || "run")}.yaml`}
              textProblems={draft.textProblems}
              problems={problems}
              onText={draft.setText}
            />
          ) : (
            <>
              {draft.textProblems.length > 0 && <BrokenText line={draft.textProblems[0]?.line ?? 1} />}
              <ConfigForm
                id={FORM_ID}
                schema={schema}
                config={config}
                problems={problems}
                changes={changes}
                all={full}
                only={only}
                unseen={unseen}
                onChange={setConfig}
                onPutBack={undo}
                onSubmit={() => document.querySelector<HTMLButtonElement>("[data-testid=launch-submit]")?.click()}
              />
            </>
          )}
          {(asYaml || only === null) && (
            <>
              <SweepCard
                sweep={sweep}
                leaves={leaves}
                problems={problems}
                runs={plan?.runs}
                folded={folded || (origin.sweep.seeds === "" && origin.sweep.axes.length === 0)}
                onChange={(changed) => setSweep((before) => ({ ...before, ...changed }))}
              />
              <LabelsCard
                labels={labels}
                groups={groups}
                folded={!full}
                onChange={(changed) => setLabels((before) => ({ ...before, ...changed }))}
              />
            </>
          )}
        </div>
        <aside className={classes.aside} aria-label="What will be launched">
          <div className={classes.asideBody}>
            <h2 className={classes.asideTitle}>
              What will happen {!current && <small className="soft">· updating</small>}
            </h2>
            {error ? (
              <Problem title="The summary could not be computed" detail={error.message} />
            ) : (
              <Summary plan={plan} current={current} />
            )}
            {isNamed(config.data) && (
              <DataLook config={config} checked={check.outdated ? undefined : check.found?.data} />
            )}
            <CheckCard check={check} blocked={refused.length > 0 || broken} />
            {problems.length > 0 && !broken && <ErrorSummary problems={problems} onSelect={show} />}
            <Changes
              changes={changes}
              origin={origin.title}
              onPutBack={undo}
              onPutAllBack={() => setConfig({ ...start, name: config.name })}
            />
          </div>
        </aside>
      </div>
      <LaunchBar
        config={config}
        asked={asked}
        labels={labels}
        copiedFrom={origin.copiedFrom}
        plan={plan}
        blocked={broken}
        refused={refused}
        onSelect={show}
      />
    </>
  );
}

/** What made the copied run fail stands at its field until that has another value. */
function useFailure(failure: FieldProblem | undefined, start: RunConfig, config: RunConfig): readonly FieldProblem[] {
  const path = failure?.path ?? "";
  const stands = same(valueAt(start, path), valueAt(config, path));
  return useMemo(() => (failure && stands ? [failure] : []), [failure, stands]);
}

/** Whether there is something to look at; the form leaves out what has not been typed. */
function isNamed(data: RunConfig["data"]): boolean {
  if (data?.kind === "file") return Boolean(data.path);
  if (data?.kind === "upload") return Boolean(data.file);
  return data?.kind === "hub" && (data.repo_id as string | undefined)?.includes("/") === true;
}

function BrokenText({ line }: { line: number }) {
  return (
    <div className={classes.broken}>
      <Problem
        title="The YAML could not be read"
        detail={`Its line ${line} has a mistake. This form shows the values as they were before; a change here replaces the text.`}
      />
    </div>
  );
}
