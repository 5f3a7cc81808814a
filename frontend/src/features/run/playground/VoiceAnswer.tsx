import { Loader } from "@mantine/core";
import { IconCut } from "@tabler/icons-react";
import { useState } from "react";
import { type Answer, voiceLabel } from "~/api/talk";
import type { Voice } from "~/api/types";
import { PromptRead } from "~/components/check/PromptRead";
import samples from "~/components/samples/Samples.module.css";
import { TokenRow } from "~/components/samples/TokenRow";
import { number } from "~/lib/format";
import { sentence } from "~/lib/formErrors";
import type { TokenMeasure } from "~/lib/samples";
import classes from "./Playground.module.css";

interface VoiceAnswerProps {
  voices: readonly Voice[];
  place: number;
  answer: Answer;
  values: readonly (number | null)[];
  measure: TokenMeasure;
  top: number;
  showRead: boolean;
  testId: string;
}

/** What one voice says, as far as it has come. */
export function VoiceAnswer({ voices, place, answer, values, measure, top, showRead, testId }: VoiceAnswerProps) {
  const [pointed, setPointed] = useState<number | null>(null);
  const { tokens, kl, end, read } = answer;
  const voice = voices[place];
  const known = kl.filter((value): value is number => value !== null);
  const mean = known.length > 0 ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
  return (
    <article className={classes.answer} data-testid={testId} data-ended={end !== null}>
      <header>
        <strong>{voice ? voiceLabel(voice) : place}</strong>
        {end === null && <Loader size={14} aria-label="still speaking" />}
        {tokens.length > 0 && (
          <span className="soft">
            {tokens.length} tokens{mean === null ? "" : `, mean KL ${number(mean, 3)}`}
          </span>
        )}
        {end?.truncated && (
          <span className={samples.cut}>
            <IconCut size={14} aria-hidden /> truncated
          </span>
        )}
        {end?.stopped && <span className="soft">stopped</span>}
      </header>
      {showRead && read && <PromptRead prompt={read} place={place + 1} />}
      {tokens.length > 0 && (
        <>
          <TokenRow
            tokens={tokens}
            values={values}
            measure={measure}
            top={top}
            pointed={pointed}
            onPoint={setPointed}
            detail={(index) => detail(answer, voices, place, index)}
          />
          <output>{pointed === null ? "" : detail(answer, voices, place, pointed)}</output>
        </>
      )}
      {end?.error && (
        <p className={classes.problem} role="alert">
          {sentence(end.error)}
        </p>
      )}
      {end?.unscored && <p className="soft">No KL: {end.unscored}.</p>}
    </article>
  );
}

function detail(answer: Answer, voices: readonly Voice[], place: number, index: number): string {
  const parts = [`log p ${number(answer.logp[index], 3)}`];
  if (answer.kl.length > 0) parts.push(`KL ${number(answer.kl[index], 3)}`);
  voices.forEach((voice, other) => {
    const theirs = answer.byOthers[other];
    if (other !== place && theirs !== undefined && theirs.length > 0)
      parts.push(`${voiceLabel(voice)} ${number(theirs[index], 3)}`);
  });
  return `${JSON.stringify(answer.tokens[index] ?? "")} ${parts.join(", ")}`;
}
