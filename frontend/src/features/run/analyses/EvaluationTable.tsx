import { useQuery } from "@tanstack/react-query";
import { analysisQuery } from "~/api/analyses";
import type { Estimate, Variant } from "~/api/types";
import { type Column, Table } from "~/components/Table";
import table from "~/components/table.module.css";
import { Unread } from "~/components/Unread";
import { number, percent } from "~/lib/format";
import classes from "./Analyses.module.css";
import { type AnsweredSet, answeredSets } from "./evaluated";

interface Line {
  set: AnsweredSet;
  weights: Variant;
}

/** One evaluation as a table: what base, teacher and checkpoints made of every set. */
export function EvaluationTable({ id }: { id: string }) {
  const query = useQuery(analysisQuery(id));
  if (!query.data) return <Unread what="the evaluation" query={query} />;
  const { sets, ks } = answeredSets(query.data.variants);
  if (sets.length === 0) return null;
  const lines = sets.flatMap((set) => set.weights.map((weights) => ({ set, weights })));
  return (
    <Table
      label="Scores of the evaluation"
      className="card"
      role="region"
      aria-label="Answers to every set"
      tabIndex={0} // without focus no key can scroll it
      data-testid="evaluation-table"
      columns={columnsOf(ks)}
      rows={lines}
      keyOf={({ weights }) => weights.index}
      attributesOf={({ set, weights }) => ({
        "data-testid": `evaluated-${set.name}-${weights.family}-${weights.x ?? ""}`,
      })}
      groupOf={({ set, weights }) => weights === set.weights[0] && <SetLine set={set} />}
    >
      <p className={table.caption}>
        Shares with 95% intervals over prompts. Gains are paired, prompt by prompt, on the same random numbers.
      </p>
    </Table>
  );
}

function columnsOf(ks: readonly number[]): Column<Line>[] {
  const share = (head: string, measure: string): Column<Line> => ({
    head,
    right: true,
    cell: ({ weights }) => <Value of={score(weights, measure)?.score} show={percent} />,
  });
  return [
    { head: "Weights", className: table.named, cell: ({ weights }) => weights.label },
    share("avg@n", "avg"),
    ...ks.map((k) => share(`pass@${k}`, `pass@${k}`)),
    share("maj@n", "maj"),
    { head: "Cut off", right: true, cell: ({ weights }) => percent(score(weights, "truncated")?.score.value) },
    { head: "Tokens", right: true, cell: ({ weights }) => number(score(weights, "length")?.score.value, 3) },
    { head: "avg@n over base, points", right: true, cell: ({ weights }) => <Gain weights={weights} /> },
  ];
}

function score({ scores }: Variant, measure: string) {
  return scores.find((one) => one.measure === measure);
}

function Gain({ weights }: { weights: Variant }) {
  if (weights.family === "base") return null;
  const gain = score(weights, "avg")?.over_base;
  const isWorse = typeof gain?.high === "number" && gain.high < 0;
  return (
    <>
      <Value of={gain} show={points} />
      {isWorse && weights.family === "checkpoint" && weights.details.forgetting === true && (
        <span className={classes.forgotten}>forgotten</span>
      )}
    </>
  );
}

function Value({ of, show }: { of: Estimate | undefined; show: (share: number | null | undefined) => string }) {
  if (typeof of?.low !== "number" || typeof of.high !== "number") return show(of?.value);
  return (
    <>
      {show(of.value)}
      <span
        className={classes.interval}
      >{`${show(of.low).replace(" %", "")} to ${show(of.high).replace(" %", "")}`}</span>
    </>
  );
}

/** Of a share: hundredths, with their sign, as exact as the shares themselves. */
function points(share: number | null | undefined): string {
  const told = percent(share).replace(" %", "");
  return typeof share === "number" && Number(told) > 0 ? `+${told}` : told;
}

function SetLine({ set }: { set: AnsweredSet }) {
  const { name, prompts, judged, samples, temperature, longest, forgetting, trainedOn, tooLong } = set;
  const about = [
    forgetting && "training is not about it",
    `${prompts} prompts`,
    judged < prompts && (judged === 0 ? "no answers known" : `answers to ${judged} known`),
    `n = ${samples}`,
    `temperature ${number(temperature)}`,
    `at most ${longest} tokens`,
    trainedOn > 0 && `${trainedOn} left out that the run trains on`,
    tooLong > 0 && `${tooLong} left out as too long`,
  ];
  return (
    <>
      {name}
      <span className={classes.about}>{about.filter(Boolean).join(", ")}</span>
    </>
  );
}
