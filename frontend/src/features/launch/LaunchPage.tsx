import { useQuery } from "@tanstack/react-query";
import { configSchemaQuery, presetsQuery } from "~/api/launch";
import { runQuery } from "~/api/runs";
import type { Preset, RunDetail } from "~/api/types";
import { ErrorBox } from "~/components/ErrorBox";
import { Loading } from "~/components/Loading";
import { useView } from "~/components/useView";
import { type Draft, LaunchForm } from "./LaunchForm";
import { PresetCards } from "./PresetCards";

/** A new run: from a preset or another run's configuration, then as the form says. */
export function LaunchPage() {
  const [search, change] = useView();
  const presets = useQuery(presetsQuery());
  const schema = useQuery(configSchemaQuery());
  const origin = useQuery({ ...runQuery(search.clone ?? ""), enabled: search.clone !== undefined });
  const failed = presets.error ?? schema.error ?? origin.error;
  const draft = draftOf(search.preset, search.clone, presets.data, origin.data);

  return (
    <div className="page">
      <div className="page-head">
        <h1>Launch a run</h1>
      </div>
      {failed && (
        <ErrorBox
          title={origin.error ? "The run to clone could not be read" : "The form could not be read"}
          error={failed}
          onRetry={() => void Promise.all([presets.refetch(), schema.refetch()])}
        />
      )}
      {presets.data && (
        <PresetCards
          presets={presets.data}
          chosen={draft?.preset}
          cloned={origin.data?.name}
          onChoose={(preset) => change({ preset, clone: undefined })}
        />
      )}
      {draft && schema.data ? (
        <LaunchForm key={draft.key} draft={draft} schema={schema.data} />
      ) : (
        !failed && <Loading label="Reading the form" />
      )}
    </div>
  );
}

function draftOf(
  preset: string | undefined,
  clone: string | undefined,
  presets: readonly Preset[] | undefined,
  origin: RunDetail | undefined,
): Draft | undefined {
  if (clone !== undefined) {
    return origin?.config
      ? { key: `clone ${clone}`, config: { ...origin.config, name: `${origin.name} copy` } }
      : undefined;
  }
  const chosen = presets?.find(({ name }) => name === preset) ?? presets?.[0];
  return chosen && { key: `preset ${chosen.name}`, preset: chosen.name, config: chosen.config };
}
