import Form, { type IChangeEvent } from "@rjsf/core";
import type { ErrorSchema, ObjectFieldTemplateProps, RJSFSchema, UiSchema } from "@rjsf/utils";
import { customizeValidator } from "@rjsf/validator-ajv8";
import { useMemo } from "react";
import type { FormContext } from "~/components/form/formContext";
import { FieldTemplate } from "~/components/form/templates";
import { SelectWidget, TextWidget } from "~/components/form/widgets";
import { errorTree, type FieldProblem } from "~/lib/formErrors";
import { type JsonSchema, prepared } from "~/lib/formSchema";
import classes from "./Analyses.module.css";
import { ListWidget } from "./ListWidget";

type Values = Record<string, unknown>;

const templates = { FieldTemplate, ObjectFieldTemplate: Fields };
const widgets = { TextWidget, SelectWidget };
const validator = customizeValidator<Values>();
const NO_CHANGES: FormContext = { sections: [], changes: {}, putBack: () => {}, folded: false };

interface AnalysisFormProps {
  id: string;
  schema: JsonSchema;
  values: Values;
  problems: readonly FieldProblem[];
  onChange: (values: Values) => void;
  onSubmit: () => void;
}

/** The form that an intervention's own schema draws; only the server judges the values. */
export default function AnalysisForm({ id, schema, values, problems, onChange, onSubmit }: AnalysisFormProps) {
  const form = useMemo(() => prepared(schema) as RJSFSchema, [schema]);
  const uiSchema = useMemo(() => withLists(form), [form]);
  const errors = useMemo(() => errorTree(problems) as ErrorSchema<Values>, [problems]);
  return (
    <Form
      id={id}
      schema={form}
      uiSchema={uiSchema}
      formData={values}
      formContext={NO_CHANGES}
      validator={validator}
      templates={templates}
      widgets={widgets}
      extraErrors={errors}
      showErrorList={false}
      noValidate
      noHtml5Validate
      onChange={({ formData }: IChangeEvent<Values>) => formData && onChange(formData)}
      onSubmit={onSubmit}
    />
  );
}

function Fields({ properties }: ObjectFieldTemplateProps) {
  return <div className={classes.fields}>{properties.map(({ content }) => content)}</div>;
}

/** Lists of numbers in one line each. */
function withLists(schema: RJSFSchema): UiSchema<Values> {
  const lists = Object.entries(schema.properties ?? {}).filter(
    ([, property]) => typeof property === "object" && property.type === "array",
  );
  return {
    "ui:submitButtonOptions": { norender: true },
    ...Object.fromEntries(lists.map(([name]) => [name, { "ui:widget": ListWidget }])),
  };
}
