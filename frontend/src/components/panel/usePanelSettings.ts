import { useQueries, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { panelListQuery } from "~/api/panels";
import { runQuery } from "~/api/runs";
import type { RunSummary } from "~/api/types";
import type { PanelMeta } from "~/lib/figure";
import { type Control, controlsOf, knownParams, runParams } from "~/lib/panelSchema";
import { panelParams, type Search } from "~/lib/urlParams";
import { useView } from "../useView";

interface Place {
  name: string;
  runs: readonly RunSummary[];
  scope: string;
  fixed: Search;
  defaults: Search;
}

const AGAINST = "against";

/** What a panel is drawn with: its parameters from the URL and its place, and the other runs that these name. */
export function usePanelSettings({ name, runs: given, scope, fixed, defaults }: Place) {
  const [search, change] = useView();
  const { data: panels } = useQuery(panelListQuery());
  const info = panels?.find((panel) => panel.name === name);
  const schema = info?.params_schema ?? {};
  const initial = withPinned(schema, defaults, search.module);
  const own = panelParams(search, scope);
  const params = info ? knownParams(schema, { ...initial, ...own }, fixed) : { ...fixed };
  const needsAnother = info !== undefined && given.length < info.min_runs;
  const against = needsAnother ? (own[AGAINST] ?? "") : "";

  const present = given.map(({ id }) => id);
  const named = [against, ...runParams(schema).map((param) => params[param] ?? "")];
  const wanted = [...new Set(named)].filter((id) => id !== "" && !present.includes(id));
  const found = useQueries({ queries: wanted.map((id) => runQuery(id)) });
  const others = found.map(({ data }) => data).filter((run) => run !== undefined);
  const othersKey = others.map(({ id, seq }) => `${id} ${seq}`).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: othersKey stands for others
  const runs = useMemo(() => {
    const first = others.filter(({ id }) => id === against);
    return [...first, ...given, ...others.filter(({ id }) => id !== against)];
  }, [given, othersKey, against]);

  const controls = (meta: PanelMeta | undefined): Control[] => [
    ...(needsAnother ? [AGAINST_CONTROL] : []),
    ...controlsOf(schema, meta)
      .filter((control) => !(control.name in fixed))
      .map((control) => ({ ...control, initial: initial[control.name] ?? control.initial })),
  ];
  return {
    info,
    schema,
    params,
    runs,
    /** The values that the controls show. */
    shown: needsAnother ? { ...params, [AGAINST]: against } : params,
    controls,
    needsAnother: needsAnother && against === "",
    problem: found.find(({ error, data }) => error !== null && data === undefined)?.error ?? null,
    ready: info !== undefined && others.length === wanted.length && !(needsAnother && against === ""),
    set: (control: string, value: string) => change(settingOf(scope, control, value)),
    reset: () => change(Object.fromEntries(Object.keys(own).map((control) => [`${scope}.${control}`, undefined]))),
  };
}

/** A setting in the address; a range of x means nothing on another x. */
export function settingOf(scope: string, control: string, value: string) {
  const view = control === "x" ? { [`${scope}.x_from`]: undefined, [`${scope}.x_to`]: undefined } : {};
  return { ...view, [`${scope}.${control}`]: value };
}

const AGAINST_CONTROL: Control = {
  name: AGAINST,
  label: "Against",
  help: "The run that this one is set against.",
  kind: "run",
  options: [],
  initial: "",
};

/** A picture of one module follows the pinned one, unless its own settings name another. */
function withPinned(schema: Record<string, unknown>, defaults: Search, module: string | undefined): Search {
  const takesModule = "module" in ((schema.properties ?? {}) as object);
  return takesModule && module !== undefined ? { ...defaults, module } : defaults;
}
