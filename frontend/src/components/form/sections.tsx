import type { ObjectFieldTemplateProps } from "@rjsf/utils";
import { IconAlertCircle, IconChevronRight } from "@tabler/icons-react";
import type { ReactNode } from "react";
import classes from "./form.module.css";
import type { FormContext } from "./formContext";
import { isOption } from "./templates";

/** The root as sections; every other object is a grid of fields, required ones first. */
export function ObjectFieldTemplate(props: ObjectFieldTemplateProps) {
  const { properties, schema, fieldPathId, registry } = props;
  if (fieldPathId.path.length === 0) {
    return <Sections properties={properties} context={registry.formContext as FormContext} />;
  }
  const description = isOption(schema) ? schema.description : undefined;
  const tag = isOption(schema) ? "kind" : undefined;
  const required = new Set(schema.required ?? []);
  const visible = properties.filter(({ name }) => name !== tag);
  const ordered = [
    ...visible.filter(({ name }) => required.has(name)),
    ...visible.filter(({ name }) => !required.has(name)),
  ];
  return (
    <>
      {description && <p className={classes.help}>{description}</p>}
      {properties.filter(({ name }) => name === tag).map(({ content }) => content)}
      {ordered.length > 0 && <div className={classes.grid}>{ordered.map(({ content }) => content)}</div>}
    </>
  );
}

interface SectionsProps {
  properties: ObjectFieldTemplateProps["properties"];
  context: FormContext;
}

function Sections({ properties, context }: SectionsProps) {
  const contents = new Map(properties.map(({ name, content }) => [name, content]));
  return (
    <>
      {context.sections.map(({ title, fields, summary, changed, refused, folded }) => (
        <FormSection
          key={title}
          title={title}
          summary={summary}
          marks={
            <>
              {refused > 0 && (
                <span className={classes.refused}>
                  <IconAlertCircle size={13} aria-hidden /> {refused} refused
                </span>
              )}
              {changed.length > 0 && (
                <span className={classes.changed} title={changed.join(", ")}>
                  {changed.length} changed
                </span>
              )}
            </>
          }
          folded={context.folded || folded === true}
          single={fields.length === 1}
        >
          {fields.map((field) => contents.get(field))}
        </FormSection>
      ))}
    </>
  );
}

interface FormSectionProps {
  title: string;
  summary: string;
  marks?: ReactNode;
  folded: boolean;
  single?: boolean;
  testId?: string;
  children: ReactNode;
}

/** A part of the form that folds; its line says what it holds. */
export function FormSection({ title, summary, marks, folded, single = false, testId, children }: FormSectionProps) {
  return (
    <details className={classes.section} open={!folded} data-single={single} data-testid={testId ?? `section-${title}`}>
      <summary>
        <IconChevronRight size={15} className={classes.chevron} aria-hidden />
        <span className={classes.sectionTitle}>{title}</span>
        <span className={`cut ${classes.sectionSummary}`}>{summary}</span>
        {marks}
      </summary>
      <div className={classes.sectionBody}>{children}</div>
    </details>
  );
}
