import { Button } from "@mantine/core";
import { IconCheck, IconCut, IconX } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import type { Sample } from "~/api/types";
import { useScheme } from "~/components/useScheme";
import { number, signed } from "~/lib/format";
import { type TokenMeasure, tokenColor, valuesOf, visibleToken } from "~/lib/samples";
import classes from "./Samples.module.css";

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
  const scheme = useScheme();
  const [pointed, setPointed] = useState<number | null>(null);
  const values = valuesOf(sample, measure);
  const mean = meanOf(sample.token_kl);

  const last = sample.tokens.length - 1;
  const move = (event: React.KeyboardEvent) => {
    const now = pointed ?? -1;
    const places: Record<string, number> = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: last };
    const next = places[event.key];
    if (next === undefined) return;
    event.preventDefault();
    setPointed(Math.min(last, Math.max(0, next)));
  };

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
      {/* biome-ignore lint/a11y/useSemanticElements: a row of tokens has no element of its own */}
      <div
        className={classes.tokens}
        role="group"
        aria-label="Response; arrow keys move from token to token"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the tokens can be walked with the arrow keys
        tabIndex={0}
        onKeyDown={move}
        onBlur={() => setPointed(null)}
        onMouseLeave={() => setPointed(null)}
        onMouseOver={(event) => setPointed(indexOf(event.target))}
        onFocus={() => setPointed((now) => now ?? 0)}
      >
        {sample.tokens.map((token, index) => (
          <span
            // biome-ignore lint/suspicious/noArrayIndexKey: tokens repeat; their place is what they are
            key={index}
            data-index={index}
            data-pointed={index === pointed}
            style={{ background: tokenColor(values[index], measure, top, scheme) }}
            title={detail(sample, index)}
          >
            {visibleToken(token)}
          </span>
        ))}
      </div>
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
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled box needs the keyboard
    <section className={classes.prompt} aria-label="Prompt" tabIndex={0}>
      {text}
    </section>
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

function indexOf(target: EventTarget): number | null {
  const text = target instanceof HTMLElement ? target.dataset.index : undefined;
  return text === undefined ? null : Number(text);
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
