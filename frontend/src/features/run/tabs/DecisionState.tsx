import { Text, Title } from "@mantine/core";
import { useScoreName } from "~/api/measures";
import type { Decision, RunDetail } from "~/api/types";
import { Table } from "~/components/Table";
import { tokensSpent } from "~/lib/cost";
import { count, duration, fixed, number, percent } from "~/lib/format";

/** What one trigger did to the run, and what it cost. */
export function DecisionState({ decision, run }: { decision: Decision; run: RunDetail }) {
  const start = decision.candidates.find((candidate) => candidate.factor === 0);
  const taken =
    decision.accepted_factor !== 0
      ? decision.candidates.find((candidate) => candidate.factor === decision.accepted_factor)
      : start;
  const { before, after } = decision;
  const score = useScoreName(decision.score_name);
  const rows: [string, string, string][] = [
    ["held-out KL [nats/token]", fixed(before?.reverse_kl, 4), fixed(after?.reverse_kl, 4)],
    ["held-out accuracy", percent(before?.accuracy), percent(after?.accuracy)],
    [`${score} on D_v`, number(start?.score, 3), number(taken?.score, 3)],
    ["KL to Wₜ [nats/token]", "0", number(taken?.kl_to_start, 3)],
    ["distance from Wₜ", "0", number(decision.displacement_norm, 3)],
  ];
  return (
    <section className="card" data-testid="decision-state">
      <Title order={3} p="10px 12px 4px">
        Step {decision.step}: before and after{decision.vetoed && " (taken back)"}
      </Title>
      <Table
        label="Before and after"
        columns={[
          { head: "Measure", hidden: true, cell: ([name]) => name },
          { head: "Before", right: true, cell: ([, was]) => was },
          { head: "After", right: true, cell: ([, , is]) => is },
        ]}
        rows={rows}
        keyOf={([name]) => name}
      />
      <Text size="xs" c="dimmed" p="8px 12px 12px">
        Held-out: evaluations at step {before?.step ?? "–"} and {after ? `step ${after.step}` : "not yet"}. D goes from
        step {decision.anchor_step} to step {decision.step}, norm {number(decision.direction_norm, 3)}. Cost:{" "}
        {count(decision.tokens)} tokens{share(decision.tokens, tokensSpent(run.latest))}, {duration(decision.seconds)}
        {share(decision.seconds, run.latest.seconds)}.
      </Text>
    </section>
  );
}

function share(part: number, whole: number | null | undefined): string {
  return whole ? ` (${percent(part / whole)} of the run's)` : "";
}
