import { IconAlertTriangle } from "@tabler/icons-react";
import type { Check } from "~/api/types";
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
