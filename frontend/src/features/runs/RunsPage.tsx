import { Button } from "@mantine/core";
import { IconColumns2, IconRocket } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { runListQuery } from "~/api/runs";
import { Empty } from "~/components/Empty";
import { ErrorBox } from "~/components/ErrorBox";
import { Loading } from "~/components/Loading";
import { useView } from "~/components/useView";
import { list } from "~/lib/urlParams";
import { filtered, MAX_COMPARED } from "./filters";
import { RunFilters } from "./RunFilters";
import classes from "./RunsPage.module.css";
import { RunTable } from "./RunTable";

/** Every run, and the way to each, to a comparison, and to a new one. */
export function RunsPage() {
  const { data, error, refetch } = useQuery(runListQuery());
  const [search, change] = useView();
  const runs = data?.runs;
  const matching = useMemo(() => filtered(runs ?? [], search), [runs, search]);
  const selected = list(search.selected).filter((id) => runs?.some((run) => run.id === id));
  const comparable = selected.length >= 2 && selected.length <= MAX_COMPARED;

  return (
    <div className="page">
      <div className="page-head">
        <h1>Runs</h1>
        <Button
          component={Link}
          to="/compare"
          search={{ runs: selected.join(",") } as never}
          variant="default"
          size="sm"
          leftSection={<IconColumns2 size={16} />}
          disabled={!comparable}
          data-disabled={!comparable || undefined}
          onClick={(event: React.MouseEvent) => !comparable && event.preventDefault()}
          title={comparable ? undefined : `Select 2 to ${MAX_COMPARED} runs to compare them`}
          data-testid="compare-selected"
        >
          {selected.length > 0 ? `Compare ${selected.length} runs` : "Compare"}
        </Button>
        <Button component={Link} to="/launch" size="sm" leftSection={<IconRocket size={16} />} data-testid="new-run">
          Launch a run
        </Button>
      </div>
      {error && runs === undefined && (
        <ErrorBox title="The runs could not be read" error={error} onRetry={() => void refetch()} />
      )}
      {!error && runs === undefined && <Loading label="Reading the runs" />}
      {runs?.length === 0 && <NoRuns />}
      {runs !== undefined && runs.length > 0 && (
        <>
          <RunFilters runs={runs} search={search} change={change} />
          <div className={`card ${classes.tableCard}`}>
            <RunTable runs={matching} selected={selected} />
          </div>
          <p className={classes.count}>
            {matching.length} of {data?.total} runs
            {data !== undefined && data.total > runs.length && `; the newest ${runs.length} were read`}
          </p>
        </>
      )}
    </div>
  );
}

function NoRuns() {
  return (
    <div className="card" style={{ minHeight: 280, display: "grid" }}>
      <Empty
        title="No runs yet"
        action={
          <div className={classes.emptyActions}>
            <Button component={Link} to="/launch" search={{ preset: "demo-opd" } as never} size="sm">
              Launch the demo: OPD
            </Button>
            <Button
              component={Link}
              to="/launch"
              search={{ preset: "demo-effopd" } as never}
              size="sm"
              variant="default"
            >
              Launch the demo: EffOPD
            </Button>
          </div>
        }
      >
        A demo run distills a 0.3M-parameter model on this machine in about half a minute, and shows every picture that
        a large run would.
      </Empty>
    </div>
  );
}
