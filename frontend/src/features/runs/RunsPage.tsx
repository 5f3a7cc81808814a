import { Button } from "@mantine/core";
import { IconFolderSearch, IconRocket } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useMemo } from "react";
import { ApiError } from "~/api/client";
import { runFieldsQuery, runGroupsQuery } from "~/api/runs";
import { ButtonLink } from "~/components/ButtonLink";
import { Empty } from "~/components/Empty";
import { ErrorBox } from "~/components/ErrorBox";
import { FirstRun } from "~/components/FirstRun";
import { Loading } from "~/components/Loading";
import { useView } from "~/components/useView";
import { ViewsMenu } from "~/components/ViewsMenu";
import { problemSpan } from "~/lib/queryCompletion";
import { BulkBar } from "./BulkBar";
import { ColumnChooser } from "./ColumnChooser";
import { CurvesButton, loadDrawer } from "./CurvesButton";
import split from "./CurvesDrawer.module.css";
import { columnOf } from "./cells";
import { GroupSelect } from "./GroupSelect";
import { QueryBar } from "./QueryBar";
import classes from "./RunsPage.module.css";
import { RunsTable } from "./RunsTable";
import { StateChips } from "./StateChips";
import { type RunsView, useRunsView } from "./useRunsView";
import { useSections } from "./useSections";
import { useSelection } from "./useSelection";

const CurvesDrawer = lazy(loadDrawer);
const NO_FIELDS: never[] = [];

/** Every run: found by a query, sorted, grouped, and acted upon one by one or together. */
export function RunsPage() {
  const view = useRunsView();
  const everything = useQuery(runGroupsQuery({ query: "", by: "kind", measures: "", sort: "-count" }));
  return (
    <div className="page">
      <div className="page-head">
        <h1>Runs</h1>
        <RunViews />
        <ButtonLink to="/analyse" size="sm" aria-label="Import checkpoints" data-testid="new-analysis">
          <IconFolderSearch size={16} aria-hidden />
          <span className={classes.actionLabel}>Import checkpoints</span>
        </ButtonLink>
        <ButtonLink
          variant="filled"
          to="/launch"
          size="sm"
          leftSection={<IconRocket size={16} />}
          data-testid="new-run"
        >
          Launch a run
        </ButtonLink>
      </div>
      {everything.data?.total === 0 ? <FirstRun /> : <Runs view={view} />}
    </div>
  );
}

function RunViews() {
  const [{ selected: _, ...search }] = useView();
  const navigate = useNavigate();
  return (
    <ViewsMenu
      page="runs"
      noun="view"
      search={search}
      onShow={(view) => void navigate({ to: "/runs", search: view })}
    />
  );
}

function Runs({ view }: { view: RunsView }) {
  const { data } = useQuery(runFieldsQuery());
  const fields = data?.fields ?? NO_FIELDS;
  const columns = useMemo(() => {
    const byName = new Map(fields.map((field) => [field.name, field]));
    return view.columns.map((name) => columnOf(name, byName.get(name)));
  }, [fields, view.columns]);
  const sections = useSections(view, columns, data !== undefined);
  const selection = useSelection(view);
  const { error } = sections;
  const problem = queryProblem(error, view);

  return (
    <>
      <search className={classes.tools}>
        <QueryBar text={view.text} problem={problem} onAsk={(q) => view.change({ q })} />
        <GroupSelect view={view} fields={fields} />
        <ColumnChooser view={view} fields={fields} />
        <CurvesButton view={view} size="sm" testId="curves" />
      </search>
      <StateChips view={view} />
      {error !== null && problem === null && (
        <ErrorBox title="The runs could not be read" error={error} onRetry={sections.retry} />
      )}
      {sections.loading && <Loading label="Reading the runs" />}
      {!sections.empty && !sections.loading && sections.total === 0 && (
        <div className="card">
          <Empty
            title="No run matches"
            action={<Button onClick={() => view.change({ q: undefined, state: undefined })}>Show all runs</Button>}
          >
            No run fulfils this query{view.state === "" ? "" : ` and is ${view.state}`}.
          </Empty>
        </div>
      )}
      {sections.total > 0 && (
        <div className={split.split} data-open={view.curves || undefined}>
          <div>
            <RunsTable view={view} columns={columns} sections={sections} selection={selection} />
            <p className={classes.count} data-testid="run-count">
              {sections.total} run{sections.total === 1 ? "" : "s"}
              {sections.groups !== null && ` in ${sections.groups} group${sections.groups === 1 ? "" : "s"}`}
              {error !== null && ": what the last query that could be read has found"}
            </p>
          </div>
          <Suspense>
            {view.curves && <CurvesDrawer view={view} fields={fields} sections={sections} selection={selection} />}
          </Suspense>
        </div>
      )}
      <BulkBar
        view={view}
        selection={selection}
        query={sections.question.query}
        total={sections.total}
        shown={sections.ids}
      />
    </>
  );
}

/** What is wrong with the query, where the server says so; its places count in the text with the chosen state before it. */
function queryProblem(error: unknown, view: RunsView) {
  if (!(error instanceof ApiError) || error.code !== "QueryProblem") return null;
  const span = problemSpan(error.where);
  const before = Math.max(0, view.query.indexOf(view.text));
  return {
    span: span && { start: Math.max(0, span.start - before), end: Math.max(0, span.end - before) },
    detail: error.detail.replace(/^character (\d+): /, (_, place: string) => `character ${Number(place) - before}: `),
  };
}
