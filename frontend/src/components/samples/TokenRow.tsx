import { useScheme } from "~/components/useScheme";
import { type TokenMeasure, tokenColor, visibleToken } from "~/lib/samples";
import classes from "./Samples.module.css";

interface TokenRowProps {
  tokens: readonly string[];
  /** One per token; what has none stays without a colour. */
  values: readonly (number | null)[];
  measure: TokenMeasure;
  /** The end of the colour scale. */
  top: number;
  /** The token under the pointer or the cursor keys. */
  pointed: number | null;
  onPoint: (index: number | null) => void;
  detail: (index: number) => string;
}

/** The tokens of a response, each in its colour; the one that is pointed at tells its numbers. */
export function TokenRow({ tokens, values, measure, top, pointed, onPoint, detail }: TokenRowProps) {
  const scheme = useScheme();
  const last = tokens.length - 1;
  const move = (event: React.KeyboardEvent) => {
    const now = pointed ?? -1;
    const places: Record<string, number> = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: last };
    const next = places[event.key];
    if (next === undefined) return;
    event.preventDefault();
    onPoint(Math.min(last, Math.max(0, next)));
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a row of tokens has no element of its own
    <div
      className={classes.tokens}
      role="group"
      aria-label="Response; arrow keys move from token to token"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the tokens can be walked with the arrow keys
      tabIndex={0}
      onKeyDown={move}
      onBlur={() => onPoint(null)}
      onMouseLeave={() => onPoint(null)}
      onMouseOver={(event) => onPoint(indexOf(event.target))}
      onFocus={() => onPoint(pointed ?? 0)}
    >
      {tokens.map((token, index) => (
        <span
          // biome-ignore lint/suspicious/noArrayIndexKey: tokens repeat; their place is what they are
          key={index}
          data-index={index}
          data-pointed={index === pointed}
          style={{ background: tokenColor(values[index], measure, top, scheme) }}
          title={detail(index)}
        >
          {visibleToken(token)}
        </span>
      ))}
    </div>
  );
}

function indexOf(target: EventTarget): number | null {
  const text = target instanceof HTMLElement ? target.dataset.index : undefined;
  return text === undefined ? null : Number(text);
}
