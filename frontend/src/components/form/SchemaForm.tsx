import Form, { type FormProps } from "@rjsf/core";
import type { ErrorSchema, RJSFSchema } from "@rjsf/utils";
import { customizeValidator } from "@rjsf/validator-ajv8";
import { useMemo } from "react";
import type { Values } from "~/lib/configPaths";
import { meant } from "~/lib/configSchema";
import { errorTree, type FieldProblem } from "~/lib/formErrors";
import { type JsonSchema, prepared } from "~/lib/formSchema";
import { ArrayField, ObjectField } from "./fields";
import type { FormContext } from "./formContext";
import { ArrayFieldItemTemplate, ArrayFieldTemplate } from "./lists";
import { ObjectFieldTemplate } from "./sections";
import { FieldTemplate, MultiSchemaFieldTemplate } from "./templates";
import { SelectWidget, SwitchWidget, TextWidget } from "./widgets";

const everyTemplate = {
  ArrayFieldItemTemplate,
  ArrayFieldTemplate,
  FieldTemplate,
  ObjectFieldTemplate,
  MultiSchemaFieldTemplate,
};
const fields = { ArrayField, ObjectField };
const widgets = { TextWidget, SelectWidget, CheckboxWidget: SwitchWidget };
const validator = customizeValidator();

interface SchemaFormProps<T> extends Pick<FormProps<T>, "id" | "uiSchema" | "templates"> {
  schema: JsonSchema;
  values: T;
  problems: readonly FieldProblem[];
  context: FormContext;
  onChange: (values: T) => void;
  onSubmit: () => void;
}

/** The form that a schema draws; only the server judges the values. */
export function SchemaForm<T>(props: SchemaFormProps<T>) {
  const { id, schema, uiSchema, values, problems, context, templates = everyTemplate, onChange, onSubmit } = props;
  const form = useMemo(() => prepared(schema) as RJSFSchema, [schema]);
  const ui = useMemo(() => ({ "ui:submitButtonOptions": { norender: true }, ...uiSchema }), [uiSchema]);
  const known = useMemo(() => ({ ...context, values }), [context, values]);
  const errors = useMemo(() => errorTree(problems) as ErrorSchema<T>, [problems]);
  return (
    <Form<T>
      id={id}
      schema={form}
      uiSchema={ui}
      formData={values}
      formContext={known}
      validator={validator}
      templates={templates}
      fields={fields}
      widgets={widgets}
      extraErrors={errors}
      showErrorList={false}
      noValidate
      noHtml5Validate
      onChange={({ formData }) => formData && onChange(meant(schema, values as Values, formData as Values) as T)}
      onSubmit={onSubmit}
    />
  );
}
