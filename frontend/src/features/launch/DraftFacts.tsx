import type { RunConfig } from "~/api/types";
import { methodName } from "~/components/RunBits";
import { count, number } from "~/lib/format";
import classes from "./LaunchPage.module.css";

/** The configuration in a few lines, so that a mistake is seen before it costs an hour. */
export function DraftFacts({ config }: { config: RunConfig }) {
  const { budget, optimizer, strategy } = config;
  const facts: [string, string][] = [
    ["Method", methodName(strategy?.kind === "effopd" ? "effopd" : "opd")],
    ["Student", sourceText(config.student)],
    ["Teacher", config.teacher?.kind === "model" ? sourceText(config.teacher.source) : "itself, knowing the answer"],
    ["Data", config.data?.kind === "file" ? lastPart(config.data.path) : "generated sums"],
    ["Learning rate", typeof optimizer?.learning_rate === "number" ? number(optimizer.learning_rate, 3) : "–"],
    ["Steps × batch", `${budget?.steps ?? "–"} × ${budget?.batch_size ?? "–"}`],
    ["Responses at most", responseTokens(budget)],
    ["Device", `${config.device}, ${config.precision}`],
  ];
  return (
    <dl className={classes.facts}>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd title={value}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function responseTokens(budget: RunConfig["budget"] | undefined): string {
  if (budget === undefined) return "–";
  const tokens = budget.steps * budget.batch_size * budget.max_response_tokens;
  return Number.isFinite(tokens) ? `${count(tokens)} tokens` : "–";
}

function sourceText(source: RunConfig["student"] | undefined): string {
  switch (source?.kind) {
    case "demo":
      return `demo ${source.role}`;
    case "hub":
      return source.repo_id;
    case "run":
      return `run ${source.run_id}`;
    case "folder":
    case "gguf":
      return lastPart(source.path);
    default:
      return "–";
  }
}

function lastPart(path: string | undefined): string {
  return path?.split("/").filter(Boolean).at(-1) ?? "–";
}
