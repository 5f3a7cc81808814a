import { MethodBadge, StatePill } from "~/components/RunBits";
import { RunLink } from "~/components/RunLink";
import { fixed, percent } from "~/lib/format";
import type { RunLineProps } from "./RunLine";
import { RunMenu } from "./RunMenu";
import classes from "./RunsPage.module.css";

/** A run on a small screen. */
export function RunCard({ run, row, style, chosen, box }: RunLineProps) {
  const shown = { KL: fixed(run.latest["eval/reverse_kl"], 3), "acc.": percent(run.latest["eval/accuracy"], 0) };
  return (
    <div
      role="row"
      aria-rowindex={row + 2}
      className={classes.runCard}
      style={style}
      data-selected={chosen}
      data-testid={`run-row-${run.id}`}
    >
      <span role="cell">{box}</span>
      <span role="cell" className={classes.cardBody}>
        <RunLink run={run} />
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
        <RunMenu run={run} />
      </span>
    </div>
  );
}
