import { useQuery } from "@tanstack/react-query";
import { configSchemaQuery, presetsQuery } from "~/api/launch";
import { runListQuery, runQuery } from "~/api/runs";
import { ErrorBox, Problem } from "~/components/ErrorBox";
import { Loading } from "~/components/Loading";
import { useView } from "~/components/useView";
import { LaunchEditor } from "./LaunchEditor";
import { originOf, originRun } from "./origin";
import { PresetRow } from "./PresetRow";

/** A new run: from a preset, another run's configuration or its checkpoint, then as the form says. */
export function LaunchPage() {
  const [search, change] = useView();
  const presets = useQuery(presetsQuery());
  const schema = useQuery(configSchemaQuery());
  const from = originRun(search);
  const run = useQuery({ ...runQuery(from ?? ""), enabled: from !== undefined });
  const list = useQuery(runListQuery());
  const failed = presets.error ?? schema.error ?? run.error;
  const origin = originOf(search, presets.data, from === undefined ? undefined : run.data);
  const reported = from !== undefined && run.data !== undefined && !run.data.config;
  const groups = [...new Set((list.data?.runs ?? []).map(({ group }) => group).filter(Boolean))];

  return (
    <div className="page">
      <div className="page-head">
        <h1>Launch</h1>
      </div>
      {failed && (
        <ErrorBox
          title={run.error ? "The run to start from could not be read" : "The form could not be read"}
          error={failed}
          onRetry={() => void Promise.all([presets.refetch(), schema.refetch(), from && run.refetch()])}
        />
      )}
      {reported && (
        <Problem
          title="There is nothing to start from"
          detail={`opdboard does not train ${run.data?.name}, so it has no configuration of it. Choose a preset.`}
        />
      )}
      {presets.data && (
        <PresetRow
          presets={presets.data}
          chosen={origin?.preset}
          from={
            run.data && from !== undefined ? { name: run.data.name, step: search.step, fork: !!search.fork } : undefined
          }
          onChoose={(preset) =>
            change({ preset, clone: undefined, fork: undefined, step: undefined, factor: undefined, field: undefined })
          }
        />
      )}
      {origin && schema.data ? (
        <LaunchEditor key={origin.key} origin={origin} schema={schema.data} groups={groups} />
      ) : (
        !failed && !reported && <Loading label="Reading the form" />
      )}
    </div>
  );
}
