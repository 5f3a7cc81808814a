import type { ObjectFieldTemplateProps } from "@rjsf/utils";
import { useMemo } from "react";
import type { FormContext } from "~/components/form/formContext";
import { ArrayFieldItemTemplate, ArrayFieldTemplate } from "~/components/form/lists";
import { SchemaForm } from "~/components/form/SchemaForm";
import { ObjectFieldTemplate } from "~/components/form/sections";
import { FieldTemplate, isOption, MultiSchemaFieldTemplate } from "~/components/form/templates";
import type { FieldProblem } from "~/lib/formErrors";
import { type JsonSchema, prepared } from "~/lib/formSchema";
import classes from "./Analyses.module.css";
import { ListWidget } from "./ListWidget";

const templates = {
  ArrayFieldItemTemplate,
  ArrayFieldTemplate,
  FieldTemplate,
  MultiSchemaFieldTemplate,
  ObjectFieldTemplate: Fields,
};
const NO_CHANGES: FormContext = {
  sections: [],
  changes: {},
  putBack: () => {},
  all: false,
  only: null,
  trl: {},
  notices: {},
};

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

function Fields(props: ObjectFieldTemplateProps) {
  const { properties, schema } = props;
  if (isOption(schema)) return <ObjectFieldTemplate {...props} />;
  return <div className={classes.fields}>{properties.map(({ content }) => content)}</div>;
}

/** Lists in one line each, but for those of objects. */
function withLists(schema: JsonSchema) {
  const fields = Object.entries((prepared(schema).properties ?? {}) as Record<string, JsonSchema>);
  const isObject = (items: unknown) =>
    typeof items === "object" && items !== null && ("$ref" in items || "properties" in items);
  const lists = fields.filter(([, { type, items }]) => type === "array" && !isObject(items));
  return Object.fromEntries(lists.map(([name]) => [name, { "ui:widget": ListWidget }]));
}
