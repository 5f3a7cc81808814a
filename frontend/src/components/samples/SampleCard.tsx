import { Button } from "@mantine/core";
import { IconCheck, IconCut, IconX } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import type { Sample } from "~/api/types";
import { number, signed } from "~/lib/format";
import { type TokenMeasure, valuesOf } from "~/lib/samples";
import classes from "./Samples.module.css";
import { TokenRow } from "./TokenRow";

interface SampleCardProps {
  sample: Sample;
  measure: TokenMeasure;
  top: number;
  /** Which of several this is: its run, or its step. */
  label?: ReactNode;
  /** Where the prompt stands above already. */
  withoutPrompt?: boolean;
  onFollow?: (prompt: string) => void;
  testId?: string;
}

/** One response, with its prompt; the token under the pointer or the cursor keys tells its numbers. */
export function SampleCard({ sample, measure, top, label, withoutPrompt = false, onFollow, testId }: SampleCardProps) {
  const [pointed, setPointed] = useState<number | null>(null);
  const values = valuesOf(sample, measure);
  const mean = meanOf(sample.token_kl);

  return (
    <article className={`card ${classes.sample}`} data-testid={testId ?? `sample-${sample.index}`}>
      <header className={classes.sampleHead}>
        {label}
        <Verdict sample={sample} />
        {sample.truncated && (
          <span className={classes.cut}>
            <IconCut size={14} aria-hidden /> cut at the limit
          </span>
        )}
        <span className="soft">
          {sample.tokens.length} tokens, mean KL {number(mean, 3)}
        </span>
        <output className={classes.detail}>{detail(sample, pointed)}</output>
      </header>
      {!withoutPrompt && <Prompt text={sample.prompt} />}
      <TokenRow
        tokens={sample.tokens}
        values={values}
        measure={measure}
        top={top}
        pointed={pointed}
        onPoint={setPointed}
        detail={(index) => detail(sample, index)}
      />
      {!withoutPrompt && (
        <footer className={classes.answer}>
          <Expected answer={sample.answer} />
          {onFollow && (
            <Button
              variant="subtle"
              color="gray"
              size="compact-xs"
              onClick={() => onFollow(sample.prompt_id)}
              data-testid="follow-prompt"
            >
              Follow this prompt over the training
            </Button>
          )}
        </footer>
      )}
    </article>
  );
}

/** The data's answer; nothing where it has none. */
export function Expected({ answer }: { answer: string | null }) {
  return (
    <span>
      {answer !== null && (
        <>
          <span className="soft">expected</span> {answer}
        </>
      )}
    </span>
  );
}

export function Prompt({ text }: { text: string }) {
  return (
    // A group and no region: there are many on a page, and none is a landmark.
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for a form
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled box needs the keyboard
    <div className={classes.prompt} role="group" aria-label="Prompt" tabIndex={0}>
      {text}
    </div>
  );
}

function Verdict({ sample }: { sample: Sample }) {
  if (sample.correct === null) return <span className="soft">not judged</span>;
  return (
    <span className={classes.verdict} data-correct={sample.correct}>
      {sample.correct ? <IconCheck size={15} aria-hidden /> : <IconX size={15} aria-hidden />}
      {sample.correct ? "correct" : "wrong"}
    </span>
  );
}

function detail(sample: Sample, index: number | null): string {
  if (index === null) return "";
  const token = JSON.stringify(sample.tokens[index] ?? "");
  return `${token} KL ${number(sample.token_kl[index], 3)}, advantage ${signed(sample.token_advantage[index])}`;
}

function meanOf(values: readonly (number | null)[]): number | null {
  const finite = values.filter((value): value is number => value !== null);
  return finite.length > 0 ? finite.reduce((sum, value) => sum + value, 0) / finite.length : null;
}
