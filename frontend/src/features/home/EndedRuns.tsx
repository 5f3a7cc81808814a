import type { Home } from "~/api/types";
import { MethodBadge, StatePill } from "~/components/RunBits";
import { RunLink } from "~/components/RunLink";
import { ScrollBox } from "~/components/ScrollBox";
import table from "~/components/table.module.css";
import { duration, fixed, moment, percent } from "~/lib/format";
import classes from "./HomePage.module.css";

/** The last results. */
export function EndedRuns({ rows }: { rows: Home["ended"] }) {
  return (
    <ScrollBox className="card" label="Results">
      <table className={`${table.table} ${classes.ended}`}>
        <thead>
          <tr>
            <th>Name</th>
            <th data-minor="true">Method</th>
            <th>State</th>
            <th data-align="right" data-minor="true">
              Steps
            </th>
            <th data-align="right">Held-out KL</th>
            <th data-align="right" data-minor="true">
              Accuracy
            </th>
            <th data-align="right" data-minor="true">
              Training
            </th>
            <th data-align="right" data-minor="true">
              Ended
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ run }) => (
            <tr key={run.id}>
              <td>
                <RunLink run={run} />
              </td>
              <td data-minor="true">
                <MethodBadge name={run.method_name} />
              </td>
              <td>
                <StatePill state={run.state} />
              </td>
              <td data-align="right" data-minor="true">
                {run.step}
              </td>
              <td data-align="right">{fixed(run.latest["eval/reverse_kl"], 4)}</td>
              <td data-align="right" data-minor="true">
                {percent(run.latest["eval/accuracy"])}
              </td>
              <td data-align="right" data-minor="true">
                {duration(run.latest.seconds)}
              </td>
              <td data-align="right" data-minor="true">
                {moment(run.ended_at)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  );
}
