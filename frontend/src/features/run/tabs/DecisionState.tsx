import type { Decision, RunDetail } from "~/api/types";
import table from "~/components/table.module.css";
import { tokensSpent } from "~/lib/cost";
import { count, duration, fixed, number, percent } from "~/lib/format";
import classes from "./Decisions.module.css";

/** What one trigger did to the run, and what it cost. */
export function DecisionState({ decision, run }: { decision: Decision; run: RunDetail }) {
  const start = decision.candidates.find((candidate) => candidate.factor === 0);
  const taken =
    decision.accepted_factor !== 0
      ? decision.candidates.find((candidate) => candidate.factor === decision.accepted_factor)
      : start;
  const { before, after } = decision;
  const rows: [string, string, string][] = [
    ["held-out KL [nats/token]", fixed(before?.reverse_kl, 4), fixed(after?.reverse_kl, 4)],
    ["held-out accuracy", percent(before?.accuracy), percent(after?.accuracy)],
    [`${decision.score_name.replaceAll("_", " ")} on D_v`, number(start?.score), number(taken?.score)],
    ["KL to Wₜ [nats/token]", "0", number(taken?.kl_to_start, 3)],
    ["distance from Wₜ", "0", number(decision.displacement_norm, 3)],
  ];
  return (
    <section className="card" data-testid="decision-state">
      <h3 className={classes.title}>
        Step {decision.step}: before and after{decision.vetoed && " (taken back)"}
      </h3>
      <div className={table.wrap}>
        <table className={table.table}>
          <thead>
            <tr>
              <th>
                <span className="visually-hidden">Measure</span>
              </th>
              <th className={table.right}>Before</th>
              <th className={table.right}>After</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(([name, was, is]) => (
              <tr key={name}>
                <td>{name}</td>
                <td className={table.right}>{was}</td>
                <td className={table.right}>{is}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className={classes.note}>
        Held-out: evaluations at step {before?.step ?? "–"} and {after ? `step ${after.step}` : "not yet"}. D goes from
        step {decision.anchor_step} to step {decision.step}, norm {number(decision.direction_norm, 3)}. Cost:{" "}
        {count(decision.tokens)} tokens{share(decision.tokens, tokensSpent(run.latest))}, {duration(decision.seconds)}
        {share(decision.seconds, run.latest.seconds)}.
      </p>
    </section>
  );
}

function share(part: number, whole: number | null | undefined): string {
  return whole ? ` (${percent(part / whole)} of the run's)` : "";
}
