import type { ObjectFieldTemplateProps } from "@rjsf/utils";
import { useMemo } from "react";
import type { FormContext } from "~/components/form/formContext";
import { SchemaForm } from "~/components/form/SchemaForm";
import { FieldTemplate } from "~/components/form/templates";
import type { FieldProblem } from "~/lib/formErrors";
import { type JsonSchema, prepared } from "~/lib/formSchema";
import classes from "./Analyses.module.css";
import { ListWidget } from "./ListWidget";

const templates = { FieldTemplate, ObjectFieldTemplate: Fields };
const NO_CHANGES: FormContext = { sections: [], changes: {}, putBack: () => {}, folded: false, all: true };

interface AnalysisFormProps {
  id: string;
  schema: JsonSchema;
  values: Record<string, unknown>;
  problems: readonly FieldProblem[];
  onChange: (values: Record<string, unknown>) => void;
  onSubmit: () => void;
}

/** The form of an intervention's parameters. */
export default function AnalysisForm(props: AnalysisFormProps) {
  const uiSchema = useMemo(() => withLists(props.schema), [props.schema]);
  return <SchemaForm {...props} uiSchema={uiSchema} templates={templates} context={NO_CHANGES} />;
}

function Fields({ properties }: ObjectFieldTemplateProps) {
  return <div className={classes.fields}>{properties.map(({ content }) => content)}</div>;
}

/** Lists of numbers in one line each. */
function withLists(schema: JsonSchema) {
  const fields = Object.entries((prepared(schema).properties ?? {}) as Record<string, JsonSchema>);
  const lists = fields.filter(([, { type }]) => type === "array");
  return Object.fromEntries(lists.map(([name]) => [name, { "ui:widget": ListWidget }]));
}
