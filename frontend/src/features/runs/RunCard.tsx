import { MethodBadge, StatePill } from "~/components/RunBits";
import { RunLink } from "~/components/RunLink";
import { fixed, percent } from "~/lib/format";
import type { RunLineProps } from "./RunLine";
import { RunMarks } from "./RunMarks";
import { RunMenu } from "./RunMenu";
import classes from "./RunsTable.module.css";

/** A run on a small screen. */
export function RunCard({ run, row, style, view, selection, box }: RunLineProps) {
  const shown = { KL: fixed(run.latest["eval/reverse_kl"], 3), "acc.": percent(run.latest["eval/accuracy"], 0) };
  return (
    <div
      role="row"
      aria-rowindex={row + 2}
      className={classes.runCard}
      style={style}
      data-selected={selection.has(run.id)}
      data-testid={`run-row-${run.id}`}
    >
      <span role="cell">{box}</span>
      <span role="cell" className={classes.cardBody}>
        <span className={classes.nameLine}>
          <RunLink run={run} />
          <RunMarks run={run} view={view} />
        </span>
        <span className={classes.cardFacts}>
          <MethodBadge name={run.method_name} />
          <span>
            {run.step}/{run.total_steps}
          </span>
          {Object.entries(shown).map(([word, value]) => (
            <span key={word}>
              <span className="soft">{word}</span> {value}
            </span>
          ))}
        </span>
      </span>
      <span role="cell" className={classes.cardEnd}>
        <StatePill state={run.state} />
        <RunMenu run={run} view={view} selection={selection} />
      </span>
    </div>
  );
}
