import type { CheckResponse } from "~/api/types";
import { useScheme } from "~/components/useScheme";
import { number } from "~/lib/format";
import { tokenColor, visibleToken } from "~/lib/samples";
import classes from "./Check.module.css";

const SHOWN = 160;
const TOP = 3;

/** A sampled response, and below each token what the student and the teacher make of it. */
export function ScoredResponse({ response }: { response: CheckResponse }) {
  const scheme = useScheme();
  const { prompt, tokens, student_logp: student, teacher_logp: teacher, ended, length } = response;
  const shown = tokens.slice(0, SHOWN);
  return (
    <article className={classes.response}>
      <p className={classes.said}>{prompt}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled box needs the keyboard */}
      <ol className={`list ${classes.scored}`} tabIndex={0} aria-label="Tokens with log-probabilities">
        <li className={classes.heads} aria-hidden>
          <b>token</b>
          <span>student</span>
          {teacher && <span>teacher</span>}
        </li>
        {shown.map((token, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: tokens repeat; their place is what they are
          <li key={index} style={{ background: tint(student[index], teacher?.[index], scheme) }}>
            <b>{visibleToken(token) || "·"}</b>
            <span>{number(student[index], 2)}</span>
            {teacher && <span>{number(teacher[index], 2)}</span>}
          </li>
        ))}
      </ol>
      <p className="soft">
        {length} tokens, {ended ? "ended by an end token" : "cut at the limit"}
        {length > shown.length ? `; the first ${shown.length} are shown` : ""}
      </p>
    </article>
  );
}

function tint(student: number | null | undefined, teacher: number | null | undefined, scheme: "light" | "dark") {
  if (student == null || teacher == null) return undefined;
  return tokenColor(teacher - student, "advantage", TOP, scheme);
}
