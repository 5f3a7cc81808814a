import { IconCheck, IconCut, IconX } from "@tabler/icons-react";
import { useState } from "react";
import type { Sample } from "~/api/types";
import { useScheme } from "~/components/useScheme";
import { number, signed } from "~/lib/format";
import { type TokenMeasure, tokenColor, valuesOf, visibleToken } from "~/lib/samples";
import classes from "./Samples.module.css";

interface SampleCardProps {
  sample: Sample;
  measure: TokenMeasure;
  top: number;
}

/** One prompt with its response; the token under the pointer or the cursor keys tells its numbers. */
export function SampleCard({ sample, measure, top }: SampleCardProps) {
  const scheme = useScheme();
  const [pointed, setPointed] = useState<number | null>(null);
  const values = valuesOf(sample, measure);
  const mean = meanOf(sample.token_kl);

  const move = (event: React.KeyboardEvent) => {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (by === 0) return;
    event.preventDefault();
    setPointed((now) => Math.min(sample.tokens.length - 1, Math.max(0, (now ?? -1) + by)));
  };

  return (
    <article className={`card ${classes.sample}`} data-testid={`sample-${sample.index}`}>
      <header className={classes.sampleHead}>
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
      <div className={classes.prompt}>{sample.prompt}</div>
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
      <div className={classes.answer}>
        <span className="soft">expected</span> {sample.answer}
      </div>
    </article>
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
