import { IconAlertTriangle } from "@tabler/icons-react";
import type { Check } from "~/api/types";
import { SmallTable } from "~/components/SmallTable";
import { sentence } from "~/lib/formErrors";
import classes from "./Check.module.css";
import { CheckNumbers } from "./CheckNumbers";
import { PromptRead } from "./PromptRead";
import { ScoredResponse } from "./ScoredResponse";
import { SidesTable } from "./SidesTable";

/** The whole document: what to beware of, how each side reads and ends, its prompts token by token, responses, numbers. */
export function CheckView({ check }: { check: Check }) {
  const differing = check.prompts.some((prompt) => prompt.differing > 0);
  return (
    <div className={classes.view} data-testid="check">
      <Traps check={check} />
      <section className={`card ${classes.part}`}>
        <h2>What was found before the first step</h2>
        <CheckNumbers check={check} />
      </section>
      <section className={`card ${classes.part}`}>
        <h2>How each side reads and ends</h2>
        <SidesTable sides={check.sides} />
        <p>{check.ends}</p>
      </section>
      {check.sets.length > 0 && (
        <section className={`card ${classes.part}`} data-testid="check-sets">
          <h2>Evaluation sets</h2>
          <SmallTable
            table={{ columns: SETS, rows: check.sets.map(setRow) }}
            caption="Scored at step 0, as training goes, and at its end"
          />
        </section>
      )}
      <section className={`card ${classes.part}`}>
        <h2>The first {check.prompts.length} prompts, token by token</h2>
        {differing && (
          <p className={classes.legend}>
            <span>
              <i className={classes.swatch} data-side="student" /> read by the student alone
            </span>
            <span>
              <i className={classes.swatch} data-side="teacher" /> read by the teacher alone
            </span>
          </p>
        )}
        {check.prompts.map((prompt, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the first prompt is the first
          <PromptRead key={place} prompt={prompt} place={place + 1} />
        ))}
      </section>
      <section className={`card ${classes.part}`}>
        <h2>Two responses of the untrained student</h2>
        <p className="soft">
          Natural logarithm of each token's probability; green where the teacher likes it more than the student does,
          orange where less.
        </p>
        {check.responses.map((response, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the first response is the first
          <ScoredResponse key={place} response={response} />
        ))}
      </section>
    </div>
  );
}

const SETS = ["set", "prompts", "with an answer", "answers to each", "temperature", "limit [tokens]", "left out"];

function setRow(set: Check["sets"][number]): (string | number)[] {
  const { name, forgetting, prompts, judged, samples, temperature, max_response_tokens: limit } = set;
  const left = [
    set.trained_on > 0 && `${set.trained_on.toLocaleString("en")} trained on`,
    set.too_long > 0 && `${set.too_long.toLocaleString("en")} too long`,
  ].filter(Boolean);
  const called = forgetting ? `${name} (not trained for)` : name;
  return [called, prompts, judged, samples, temperature, limit, left.join(", ") || "none"];
}

/** Warnings, each with the public trap that it is about. */
export function Traps({ check }: { check: Check }) {
  if (check.warnings.length === 0)
    return (
      <p className="soft" data-testid="check-traps">
        None of the known traps was found.
      </p>
    );
  return (
    <ul className={`list ${classes.traps}`} data-testid="check-traps">
      {check.warnings.map(({ about, message }) => (
        <li key={about + message} data-about={about}>
          <IconAlertTriangle size={16} aria-hidden />
          <span>{sentence(message)}.</span>
        </li>
      ))}
    </ul>
  );
}
