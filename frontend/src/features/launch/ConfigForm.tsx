import { useMemo } from "react";
import type { RunConfig } from "~/api/types";
import form from "~/components/form/form.module.css";
import type { FormContext } from "~/components/form/formContext";
import { PlacesProvider } from "~/components/form/places";
import { SchemaForm } from "~/components/form/SchemaForm";
import { shownValue } from "~/components/form/words";
import type { Difference, Values } from "~/lib/configPaths";
import { type Leaf, leavesOf, sectionOf, sectionsOf } from "~/lib/configSchema";
import { namesBeside, trlNames } from "~/lib/findFields";
import { type FieldProblem, pathInWords } from "~/lib/formErrors";
import { inWords, type JsonSchema } from "~/lib/formSchema";

const NONE: readonly FieldProblem[] = [];

interface ConfigFormProps {
  schema: JsonSchema;
  config: RunConfig;
  problems: readonly FieldProblem[];
  changes: readonly Difference[];
  all?: boolean;
  /** Paths that lead nowhere on the web server's machine. */
  unseen?: readonly FieldProblem[];
  /** The fields to show, by path; null shows all. */
  only?: readonly string[] | null;
  onChange: (config: RunConfig) => void;
  onPutBack: (difference: Difference) => void;
  onSubmit: () => void;
  id: string;
}

/** The run configuration in sections, each with what was changed and refused in it. */
export default function ConfigForm(props: ConfigFormProps) {
  const { schema, config, problems, changes, all = false, only = null, unseen = NONE, onPutBack, ...rest } = props;
  const context = useMemo((): FormContext => {
    const leaves = leavesOf(schema, config as unknown as Values);
    const sections = sectionsOf(schema);
    return {
      sections: sections.map((section) => {
        const within = ({ path }: { path: string }) => sectionOf(sections, path) === section;
        return {
          ...section,
          summary: inShort(leaves.filter(within)),
          changed: changes.filter(within).map(({ path }) => pathInWords(path)),
          refused: problems.filter(within).length,
        };
      }),
      changes: Object.fromEntries(changes.map((change) => [change.path, change])),
      putBack: onPutBack,
      all,
      only,
      notices: Object.fromEntries(unseen.map(({ path, message }) => [path, message])),
      trl: namesBeside(trlNames(schema)),
    };
  }, [schema, config, changes, problems, all, only, unseen, onPutBack]);
  return (
    <PlacesProvider>
      <div className={only === null ? undefined : form.finding}>
        <SchemaForm schema={schema} values={config} problems={problems} context={context} {...rest} />
      </div>
    </PlacesProvider>
  );
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
