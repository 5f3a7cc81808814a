import type { Plan } from "~/api/types";
import { shownValue } from "~/components/form/words";
import table from "~/components/table.module.css";
import { pathInWords } from "~/lib/formErrors";
import classes from "./Sweep.module.css";

/** Every run that the sweep would make. */
export function SweepTable({ runs = [] }: { runs: Plan["runs"] }) {
  const paths = Object.keys(runs[0]?.values ?? {});
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled box needs the keyboard
    <section className={classes.preview} tabIndex={0} aria-label="Runs of the sweep">
      <table className={table.table} data-testid="sweep-preview">
        <thead>
          <tr>
            <th>Name</th>
            {paths.map((path) => (
              <th key={path} className={table.right}>
                {pathInWords(path.replace(/\.kind$/, ""))
                  .split(" › ")
                  .at(-1)}
              </th>
            ))}
            <th className={table.right}>Steps</th>
            <th>Group</th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <tr key={run.name}>
              <td>{run.name}</td>
              {paths.map((path) => (
                <td key={path} className={table.right}>
                  {shownValue(run.values[path])}
                </td>
              ))}
              <td className={table.right}>{run.steps}</td>
              <td>{run.group}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
