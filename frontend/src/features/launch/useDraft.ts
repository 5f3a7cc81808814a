import { useCallback, useMemo, useState } from "react";
import type { RunConfig } from "~/api/types";
import type { Values } from "~/lib/configPaths";
import { compact, filled } from "~/lib/configSchema";
import type { JsonSchema } from "~/lib/formSchema";
import { readYaml, type TextProblem, toYaml, updatedYaml } from "~/lib/yaml";

const ALL_DEFAULTS = "# Every value has its default. Write what should differ, such as\n# seed: 1\n";

interface State {
  config: RunConfig;
  /** The text as last typed or shown, the configuration it stands for, and whether it shows defaults. */
  text: string;
  textOf: RunConfig | null;
  full: boolean;
}

export interface ConfigDraft {
  config: RunConfig;
  setConfig: (next: RunConfig | ((before: RunConfig) => RunConfig)) => void;
  text: string;
  setText: (text: string) => void;
  /** Why the text is no YAML mapping; the configuration is then the last one that could be read. */
  textProblems: readonly TextProblem[];
}

/** One configuration seen as a form and as YAML: comments survive the form, a broken text leaves the form as it was. */
export function useDraft(initial: RunConfig, schema: JsonSchema, full: boolean): ConfigDraft {
  const [state, setState] = useState<State>({ config: initial, text: "", textOf: null, full });
  const text = useMemo(() => {
    if (state.textOf === state.config && state.full === full) return state.text;
    const values = state.config as unknown as Values;
    const shown = full ? filled(schema, values) : compact(schema, values);
    if (Object.keys(shown).length === 0) return ALL_DEFAULTS;
    return state.text.trim() === "" ? toYaml(shown) : updatedYaml(state.text, shown);
  }, [state, schema, full]);
  const setConfig = useCallback(
    (next: RunConfig | ((before: RunConfig) => RunConfig)) =>
      setState((before) => ({ ...before, config: typeof next === "function" ? next(before.config) : next })),
    [],
  );
  const setText = useCallback(
    (typed: string) => {
      const { value } = readYaml(typed);
      setState((before) => {
        const config = value === undefined ? before.config : (filled(schema, value) as unknown as RunConfig);
        return { config, text: typed, textOf: config, full };
      });
    },
    [schema, full],
  );
  const textProblems = useMemo(() => readYaml(text).problems, [text]);
  return { config: state.config, setConfig, text, setText, textProblems };
}
