import type { CheckPrompt } from "~/api/types";
import { visibleToken } from "~/lib/samples";
import classes from "./Check.module.css";

type Side = "student" | "teacher";

/** One prompt as both sides read it; once, where they read the same. */
export function PromptRead({ prompt, place }: { prompt: CheckPrompt; place: number }) {
  const { student, teacher, tokens, differing } = prompt;
  const [ours, theirs] = tokens;
  const same = teacher === null || differing === 0;
  return (
    <article className={classes.prompt} data-testid={`check-prompt-${place}`}>
      {same ? (
        <Tokens
          place={place}
          side="student"
          read={student}
          title={`${teacher ? "Both sides read" : "The student reads"} ${ours} tokens`}
        />
      ) : (
        <>
          <Tokens place={place} side="student" read={student} title={`The student reads ${ours} tokens`} />
          <Tokens place={place} side="teacher" read={teacher} title={`The teacher reads ${theirs} tokens`} />
        </>
      )}
    </article>
  );
}

interface TokensProps {
  place: number;
  side: Side;
  read: CheckPrompt["student"];
  title: string;
}

function Tokens({ place, side, read, title }: TokensProps) {
  return (
    <div>
      <p className="soft">{title}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled box needs the keyboard */}
      <section className={classes.tokens} aria-label={`Prompt ${place + 1}: ${title}`} tabIndex={0}>
        {read.texts.map((text, index) => (
          <span
            // biome-ignore lint/suspicious/noArrayIndexKey: tokens repeat; their place is what they are
            key={index}
            data-apart={read.apart[index] ? side : undefined}
            title={`${JSON.stringify(text)} is token ${read.ids[index]}`}
          >
            {visibleToken(text) || "·"}
          </span>
        ))}
      </section>
    </div>
  );
}
