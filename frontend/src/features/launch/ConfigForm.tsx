import Form, { type IChangeEvent } from "@rjsf/core";
import type { ErrorSchema, RJSFSchema, UiSchema } from "@rjsf/utils";
import { customizeValidator } from "@rjsf/validator-ajv8";
import { useMemo } from "react";
import type { RunConfig } from "~/api/types";
import { errorTree, type FieldProblem, fieldId } from "~/lib/formErrors";
import { type JsonSchema, prepared } from "~/lib/formSchema";
import { FieldTemplate, MultiSchemaFieldTemplate, ObjectFieldTemplate } from "./templates";
import { SelectWidget, SwitchWidget, TextWidget } from "./widgets";

const templates = { FieldTemplate, ObjectFieldTemplate, MultiSchemaFieldTemplate };
const widgets = { TextWidget, SelectWidget, CheckboxWidget: SwitchWidget };
const validator = customizeValidator<RunConfig>();
const uiSchema: UiSchema<RunConfig> = {
  "ui:submitButtonOptions": { norender: true },
  "ui:order": [
    "name",
    "seed",
    "device",
    "precision",
    "student",
    "teacher",
    "data",
    "objective",
    "strategy",
    "optimizer",
    "budget",
    "monitoring",
    "*",
  ],
};

interface ConfigFormProps {
  schema: JsonSchema;
  config: RunConfig;
  problems: readonly FieldProblem[];
  onChange: (config: RunConfig, fieldChanged: string | undefined) => void;
  onSubmit: () => void;
  id: string;
}

/** The form that the run configuration's own schema draws; only the server judges the values. */
export default function ConfigForm({ schema, config, problems, onChange, onSubmit, id }: ConfigFormProps) {
  const form = useMemo(() => prepared(schema) as RJSFSchema, [schema]);
  const errors = useMemo(() => errorTree(problems) as ErrorSchema<RunConfig>, [problems]);
  return (
    <Form
      id={id}
      schema={form}
      uiSchema={uiSchema}
      formData={config}
      validator={validator}
      templates={templates}
      widgets={widgets}
      extraErrors={errors}
      showErrorList={false}
      noValidate
      noHtml5Validate
      onChange={({ formData }: IChangeEvent<RunConfig>, field) => formData && onChange(formData, field)}
      onSubmit={onSubmit}
    />
  );
}

/** Problems that a change at this field leaves standing. */
export function remaining(problems: readonly FieldProblem[], field: string | undefined): FieldProblem[] {
  if (field === undefined) return [...problems];
  const base = field.replace(/__oneof_select$/, "");
  return problems.filter((problem) => {
    const id = fieldId(problem.path);
    return id !== base && !id.startsWith(`${base}_`);
  });
}
