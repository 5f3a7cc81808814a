import type { FieldTemplateProps, MultiSchemaFieldTemplateProps, ObjectFieldTemplateProps } from "@rjsf/utils";
import type { ReactElement } from "react";
import { sentence } from "~/lib/formErrors";
import { type JsonSchema, range } from "~/lib/formSchema";
import classes from "./form.module.css";

/** One field: label, input, help, errors. Groups become sections; the constant `kind` of a union is not shown. */
export function FieldTemplate(props: FieldTemplateProps) {
  const { id, label, children, rawErrors, rawDescription, schema, fieldPathId, hidden } = props;
  const errors = <Errors id={id} messages={rawErrors} />;
  if (hidden) return <div hidden>{children}</div>;
  if (schema.const !== undefined) return rawErrors?.length ? errors : <div hidden />;
  const depth = fieldPathId.path.length;
  if (depth === 0 || isOption(schema)) return children;
  const description = rawDescription ?? schema.description;
  if (schema.oneOf !== undefined || schema.type === "object") {
    return (
      <fieldset className={depth === 1 ? classes.section : classes.subsection} id={`${id}-section`}>
        <legend>{label}</legend>
        {description && <p className={classes.sectionHelp}>{description}</p>}
        {children}
        {schema.oneOf === undefined && errors}
      </fieldset>
    );
  }
  const bounds = range(schema as JsonSchema);
  return (
    <div className={classes.field} data-wide={isLong(schema)} data-invalid={(rawErrors?.length ?? 0) > 0}>
      <label htmlFor={id}>{label}</label>
      {children}
      {errors}
      {(description || bounds) && (
        <p className={classes.help} id={`${id}-help`}>
          {description}
          {bounds && ` ${sentence(bounds)}.`}
        </p>
      )}
    </div>
  );
}

function Errors({ id, messages }: { id: string; messages: string[] | undefined }) {
  if (!messages || messages.length === 0) return null;
  return (
    <div className={classes.errors} id={`${id}-error`} role="alert">
      {[...new Set(messages)].map((message) => (
        <p key={message}>{message}</p>
      ))}
    </div>
  );
}

/** One variant of a union; its fields belong to the union's section. */
function isOption(schema: FieldTemplateProps["schema"]): boolean {
  const kind = schema.properties?.kind;
  return typeof kind === "object" && kind.const !== undefined;
}

export function isLong(schema: FieldTemplateProps["schema"]): boolean {
  return typeof schema.default === "string" && schema.default.length > 30;
}

/** The root puts its plain fields into a first section; every other object is a grid of fields. */
export function ObjectFieldTemplate({ properties, schema, fieldPathId }: ObjectFieldTemplateProps) {
  if (fieldPathId.path.length > 0) {
    const description = isOption(schema) ? schema.description : undefined;
    const tag = isOption(schema) ? "kind" : undefined;
    const visible = properties.filter(({ name }) => name !== tag).map(({ content }) => content);
    return (
      <>
        {description && <p className={classes.help}>{description}</p>}
        {properties.filter(({ name }) => name === tag).map(({ content }) => content)}
        {visible.length > 0 && <div className={classes.grid}>{visible}</div>}
      </>
    );
  }
  const plain: ReactElement[] = [];
  const groups: ReactElement[] = [];
  for (const { name, content } of properties) {
    const property = schema.properties?.[name];
    const isGroup =
      typeof property === "object" && ("oneOf" in property || "$ref" in property || property.type === "object");
    (isGroup ? groups : plain).push(content);
  }
  return (
    <>
      <fieldset className={classes.section}>
        <legend>Run</legend>
        <div className={classes.grid}>{plain}</div>
      </fieldset>
      {groups}
    </>
  );
}

/** Which variant, then its fields. */
export function MultiSchemaFieldTemplate({ selector, optionSchemaField }: MultiSchemaFieldTemplateProps) {
  return (
    <>
      <div className={classes.selector}>{selector}</div>
      {optionSchemaField}
    </>
  );
}
