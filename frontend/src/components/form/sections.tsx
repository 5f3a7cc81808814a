import type { ObjectFieldTemplateProps } from "@rjsf/utils";
import { IconAlertCircle, IconChevronRight } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { pathInWords } from "~/lib/formErrors";
import classes from "./form.module.css";
import type { FormContext } from "./formContext";
import { AtPlace, Place } from "./places";
import { isOption } from "./templates";

/** The root as sections; every other object is what must be decided, and the rest folded away. */
export function ObjectFieldTemplate(props: ObjectFieldTemplateProps) {
  const { properties, schema, fieldPathId, registry, errorSchema } = props;
  const context = registry.formContext as FormContext;
  if (fieldPathId.path.length === 0) return <Sections properties={properties} context={context} />;
  const description = isOption(schema) ? schema.description : undefined;
  const tag = isOption(schema) ? "kind" : undefined;
  const required = new Set(schema.required ?? []);
  const pathOf = (name: string) => [...fieldPathId.path, name].join(".");
  const elsewhere = new Set(context.sections.flatMap(({ fields }) => fields));
  const apart = properties.filter(({ name }) => elsewhere.has(pathOf(name)));
  const visible = properties.filter(({ name }) => name !== tag && !elsewhere.has(pathOf(name)));
  const isFirst = (name: string) => required.has(name) || isMarked(schema.properties?.[name]);
  const marked = visible.filter(({ name }) => isFirst(name));
  // What a section is all about needs no fold of its own.
  const first = marked.length === 0 && tag === undefined ? visible : marked;
  const others = visible.filter((one) => !first.includes(one));
  const inside = (path: string) => others.some(({ name }) => path.startsWith(pathOf(name)));
  return (
    <>
      {description && <p className={classes.help}>{description}</p>}
      {properties.filter(({ name }) => name === tag).map(({ content }) => content)}
      {apart.map(({ name, content }) => (
        <AtPlace key={name} path={pathOf(name)}>
          {content}
        </AtPlace>
      ))}
      {first.length > 0 && <Grid of={first} />}
      {others.length > 0 && (
        <details className={classes.more} open={context.all || context.only !== null}>
          <summary>
            {others.length} more
            <Marks
              refused={others.filter(({ name }) => errorSchema?.[name]).length}
              changed={Object.keys(context.changes).filter(inside).map(pathInWords)}
            />
          </summary>
          <Grid of={others} />
        </details>
      )}
    </>
  );
}

function Grid({ of }: { of: ObjectFieldTemplateProps["properties"] }) {
  return <div className={classes.grid}>{of.map(({ content }) => content)}</div>;
}

function isMarked(schema: unknown): boolean {
  return typeof schema === "object" && schema !== null && "x-first" in schema;
}

/** How many of a part's values are refused, and which were changed. */
function Marks({ refused, changed }: { refused: number; changed: readonly string[] }) {
  return (
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
          marks={<Marks refused={refused} changed={changed} />}
          folded={context.only === null && !context.all && folded === true}
          single={fields.length === 1}
        >
          {fields.map((field) => contents.get(field) ?? <Place key={field} path={field} />)}
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
