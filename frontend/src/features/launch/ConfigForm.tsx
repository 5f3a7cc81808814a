import Form, { type IChangeEvent } from "@rjsf/core";
import type { ErrorSchema, RJSFSchema, UiSchema } from "@rjsf/utils";
import { customizeValidator } from "@rjsf/validator-ajv8";
import { useMemo } from "react";
import type { RunConfig } from "~/api/types";
import type { FormContext } from "~/components/form/formContext";
import { ArrayFieldItemTemplate, ArrayFieldTemplate } from "~/components/form/lists";
import { ObjectFieldTemplate } from "~/components/form/sections";
import { FieldTemplate, MultiSchemaFieldTemplate } from "~/components/form/templates";
import { SelectWidget, SwitchWidget, TextWidget } from "~/components/form/widgets";
import { shownValue } from "~/components/form/words";
import type { Difference, Values } from "~/lib/configPaths";
import { type Leaf, leavesOf, type Section, sectionsOf } from "~/lib/configSchema";
import { errorTree, type FieldProblem, pathInWords } from "~/lib/formErrors";
import { type JsonSchema, prepared } from "~/lib/formSchema";

const templates = {
  ArrayFieldItemTemplate,
  ArrayFieldTemplate,
  FieldTemplate,
  ObjectFieldTemplate,
  MultiSchemaFieldTemplate,
};
const widgets = { TextWidget, SelectWidget, CheckboxWidget: SwitchWidget };
const validator = customizeValidator<RunConfig>();
const uiSchema: UiSchema<RunConfig> = { "ui:submitButtonOptions": { norender: true } };

interface ConfigFormProps {
  schema: JsonSchema;
  config: RunConfig;
  problems: readonly FieldProblem[];
  changes: readonly Difference[];
  folded?: boolean;
  onChange: (config: RunConfig) => void;
  onPutBack: (difference: Difference) => void;
  onSubmit: () => void;
  id: string;
}

/** The form that the run configuration's own schema draws; only the server judges the values. */
export default function ConfigForm(props: ConfigFormProps) {
  const { schema, config, problems, changes, folded = false, onChange, onPutBack, onSubmit, id } = props;
  const form = useMemo(() => prepared(schema) as RJSFSchema, [schema]);
  const errors = useMemo(() => errorTree(problems) as ErrorSchema<RunConfig>, [problems]);
  const context = useMemo((): FormContext => {
    const leaves = leavesOf(schema, config as unknown as Values);
    return {
      sections: sectionsOf(schema).map((section) => ({
        ...section,
        summary: leaves
          .filter(({ path }) => within(path, section))
          .map(inShort)
          .join(" · "),
        changed: changes.filter(({ path }) => within(path, section)).map(({ path }) => pathInWords(path)),
        refused: problems.filter(({ path }) => within(path, section)).length,
      })),
      changes: Object.fromEntries(changes.map((change) => [change.path, change])),
      putBack: onPutBack,
      folded,
    };
  }, [schema, config, changes, problems, folded, onPutBack]);
  return (
    <Form
      id={id}
      schema={form}
      uiSchema={uiSchema}
      formData={config}
      formContext={context}
      validator={validator}
      templates={templates}
      widgets={widgets}
      extraErrors={errors}
      showErrorList={false}
      noValidate
      noHtml5Validate
      onChange={({ formData }: IChangeEvent<RunConfig>) => formData && onChange(formData)}
      onSubmit={onSubmit}
    />
  );
}

function inShort({ path, label, shown }: Leaf): string {
  const value = shownValue(shown);
  return path.endsWith(".kind") ? value.replaceAll("_", " ") : `${label} ${value}`;
}

function within(path: string, section: Section): boolean {
  return section.fields.some((field) => path === field || path.startsWith(`${field}.`));
}
