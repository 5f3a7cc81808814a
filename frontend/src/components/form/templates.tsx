import type { FieldTemplateProps, MultiSchemaFieldTemplateProps } from "@rjsf/utils";
import { IconArrowBackUp } from "@tabler/icons-react";
import type { Difference } from "~/lib/configPaths";
import { concerns } from "~/lib/findFields";
import { pathInWords, sentence } from "~/lib/formErrors";
import { type JsonSchema, range } from "~/lib/formSchema";
import classes from "./form.module.css";
import type { FormContext } from "./formContext";
import { shownValue } from "./words";

/** One field: label, what it was, input, help, errors. The constant `kind` of a union is not shown. */
export function FieldTemplate(props: FieldTemplateProps) {
  const { id, label, children, rawErrors, rawDescription, schema, fieldPathId, hidden, required, registry } = props;
  const errors = <Errors id={id} messages={rawErrors} />;
  if (hidden) return <div hidden>{children}</div>;
  if (schema.const !== undefined) return rawErrors?.length ? errors : <div hidden />;
  const path = fieldPathId.path.join(".");
  if (path === "" || isOption(schema)) return children;
  const context = registry.formContext as FormContext;
  const description = rawDescription ?? schema.description;
  const isList = schema.type === "array";
  const isShown = context.only === null || context.only.some((one) => concerns(one.replace(/\.kind$/, ""), path));
  const isFound = context.only === null || context.only.includes(path) || context.only.includes(`${path}.kind`);
  if (schema.oneOf !== undefined || ((schema.type === "object" || isList) && !isLine(schema))) {
    return (
      <fieldset
        className={classes.group}
        data-top={fieldPathId.path.length === 1}
        data-shown={isFound}
        id={`${id}-section`}
      >
        <legend>{label}</legend>
        {description && <p className={classes.groupHelp}>{description}</p>}
        <Was
          change={isList ? context.changes[path] : schema.oneOf && context.changes[`${path}.kind`]}
          putBack={context.putBack}
        />
        {children}
        {errors}
      </fieldset>
    );
  }
  const bounds = range(schema as JsonSchema);
  const notice = context.notices[path];
  const trl = context.trl[path] ?? [];
  const change = context.changes[path];
  const within = Object.keys(context.changes).some((changed) => changed.startsWith(`${path}.`));
  return (
    <div
      className={classes.field}
      hidden={!isShown}
      data-wide={isLong(schema)}
      data-changed={change !== undefined || within}
      data-invalid={(rawErrors?.length ?? 0) > 0}
    >
      <div className={classes.label}>
        <label htmlFor={id}>
          {label}
          {required && <span className={classes.required}> · required</span>}
        </label>
        <Was change={change} putBack={context.putBack} />
      </div>
      {children}
      {errors}
      {notice && (
        <p className={classes.notice} role="status" data-testid={`notice-${path}`}>
          {sentence(notice)}
        </p>
      )}
      {(description || bounds || trl.length > 0) && (
        <p className={classes.help} id={`${id}-help`}>
          {description}
          {bounds && ` ${sentence(bounds)}.`}
          {trl.length > 0 && <span className={classes.trl}> TRL: {trl.join(", ")}</span>}
        </p>
      )}
    </div>
  );
}

interface WasProps {
  change: Difference | undefined | false;
  putBack: (difference: Difference) => void;
}

/** What a changed field was; a click puts it back. */
function Was({ change, putBack }: WasProps) {
  if (!change) return null;
  const before = shownValue(change.before);
  return (
    <button
      type="button"
      className={`bare ${classes.was}`}
      aria-label={`Put ${pathInWords(change.path)} back to ${before}`}
      onClick={() => putBack(change)}
      data-testid={`was-${change.path}`}
    >
      <IconArrowBackUp size={13} aria-hidden />
      <span className="cut">
        {change.path.endsWith(".kind") ? `was ${before.replaceAll("_", " ")}` : `was ${before}`}
      </span>
    </button>
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
export function isOption(schema: FieldTemplateProps["schema"]): boolean {
  const kind = schema.properties?.kind;
  return typeof kind === "object" && kind.const !== undefined;
}

/** An object of whatever names, or a list of texts: one line of text each. */
export function isLine(schema: FieldTemplateProps["schema"]): boolean {
  const items = schema.items;
  if (schema.type === "array") return typeof items === "object" && !Array.isArray(items) && items.type === "string";
  return (schema.additionalProperties ?? false) !== false;
}

export function isLong(schema: FieldTemplateProps["schema"]): boolean {
  return schema["x-control"] === "textarea" || (typeof schema.default === "string" && schema.default.length > 30);
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
