import { useMemo } from "react";
import type { RunConfig } from "~/api/types";
import type { FormContext } from "~/components/form/formContext";
import { SchemaForm } from "~/components/form/SchemaForm";
import { shownValue } from "~/components/form/words";
import type { Difference, Values } from "~/lib/configPaths";
import { type Leaf, leavesOf, type Section, sectionsOf } from "~/lib/configSchema";
import { type FieldProblem, pathInWords } from "~/lib/formErrors";
import { inWords, type JsonSchema } from "~/lib/formSchema";

interface ConfigFormProps {
  schema: JsonSchema;
  config: RunConfig;
  problems: readonly FieldProblem[];
  changes: readonly Difference[];
  folded?: boolean;
  all?: boolean;
  onChange: (config: RunConfig) => void;
  onPutBack: (difference: Difference) => void;
  onSubmit: () => void;
  id: string;
}

/** The run configuration in sections, each with what was changed and refused in it. */
export default function ConfigForm(props: ConfigFormProps) {
  const { schema, config, problems, changes, folded = false, all = false, onPutBack, ...rest } = props;
  const context = useMemo((): FormContext => {
    const leaves = leavesOf(schema, config as unknown as Values);
    return {
      sections: sectionsOf(schema).map((section) => ({
        ...section,
        summary: inShort(leaves.filter(({ path }) => within(path, section))),
        changed: changes.filter(({ path }) => within(path, section)).map(({ path }) => pathInWords(path)),
        refused: problems.filter(({ path }) => within(path, section)).length,
      })),
      changes: Object.fromEntries(changes.map((change) => [change.path, change])),
      putBack: onPutBack,
      folded,
      all,
    };
  }, [schema, config, changes, problems, folded, all, onPutBack]);
  return <SchemaForm schema={schema} values={config} problems={problems} context={context} {...rest} />;
}

/** What a section holds; a label that several of its values share says which of them it is. */
function inShort(leaves: Leaf[]): string {
  return leaves
    .map(({ path, label, shown }) => {
      const value = shownValue(shown);
      if (path.endsWith(".kind")) return value.replaceAll("_", " ");
      const alone = leaves.filter((other) => other.label === label).length === 1;
      return `${alone ? label : inWords(capital(path.split(".").slice(-2).join("_")))} ${value}`;
    })
    .join(" · ");
}

function capital(text: string): string {
  return text.replace(/^./, (first) => first.toUpperCase());
}

function within(path: string, section: Section): boolean {
  return section.fields.some((field) => path === field || path.startsWith(`${field}.`));
}
