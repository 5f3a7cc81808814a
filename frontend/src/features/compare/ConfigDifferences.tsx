import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { configDifferenceQuery } from "~/api/compare";
import type { RunDetail } from "~/api/types";
import { ErrorBox } from "~/components/ErrorBox";
import { Loading } from "~/components/Loading";
import { RunDot } from "~/components/RunBits";
import table from "~/components/table.module.css";
import { useView } from "~/components/useView";
import { number } from "~/lib/format";
import classes from "./ComparePage.module.css";

/** Only the keys that differ; the rest is folded. */
export function ConfigDifferences({ runs }: { runs: readonly RunDetail[] }) {
  const { data, error, refetch } = useQuery(configDifferenceQuery(runs.map(({ id }) => id)));
  const [search, change] = useView();
  const open = search.same === "1";
  return (
    <section className={`card ${classes.section}`} data-testid="config-differences">
      <header className={classes.sectionHead}>
        <h2>How do the configurations differ?</h2>
        {data && data.same.length > 0 && (
          <Button variant="subtle" color="gray" onClick={() => change({ same: open ? undefined : "1" })}>
            {open ? "Hide" : "Show"} the {data.same.length} keys that agree
          </Button>
        )}
      </header>
      {error && !data && (
        <ErrorBox title="The configurations could not be compared" error={error} onRetry={() => void refetch()} />
      )}
      {!data && !error && <Loading />}
      {data?.differing.length === 0 && <p className={classes.sentence}>They do not: every key has the same value.</p>}
      {data && (data.differing.length > 0 || open) && (
        <div className={table.wrap}>
          <table className={table.table}>
            <thead>
              <tr>
                <th>Key</th>
                {runs.map((run) => (
                  <th key={run.id}>
                    <span className={classes.runName}>
                      <RunDot color={run.color} /> {run.name}
                    </span>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {data.differing.map((key) => (
                <tr key={key.path}>
                  <td className="mono">{key.path}</td>
                  {runs.map((run) => (
                    <td key={run.id}>
                      {run.id in key.values ? shown(key.values[run.id]) : <span className="soft">not set</span>}
                    </td>
                  ))}
                </tr>
              ))}
              {open &&
                data.same.map((key) => (
                  <tr key={key.path} className={table.quiet}>
                    <td className="mono">{key.path}</td>
                    <td colSpan={runs.length}>{shown(key.value)}</td>
                  </tr>
                ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function shown(value: unknown): string {
  if (typeof value === "number") return number(value, 6);
  if (value === null || value === undefined) return "none";
  return typeof value === "string" ? value : JSON.stringify(value);
}
