import { IconChevronRight } from "@tabler/icons-react";
import { useId } from "react";
import { useScoreName } from "~/api/measures";
import type { Decision, RunDetail } from "~/api/types";
import { bytes, count, duration, minuses, number } from "~/lib/format";
import { optionLabel } from "~/lib/panelSchema";
import { Candidates, gainOf } from "./Candidates";
import classes from "./Decisions.module.css";

interface TriggerListProps {
  run: RunDetail;
  decisions: readonly Decision[];
  /** The trigger whose candidates are shown. */
  open: Decision | undefined;
  onToggle: (decision: Decision) => void;
}

const HEADS = ["Step", "Factor", "Gain over Wₜ [95% interval]", "Why", "Tokens", "Time"];

/** A line per trigger, the newest first; its candidates below it once it is opened. */
export function TriggerList({ run, decisions, open, onToggle }: TriggerListProps) {
  return (
    <div className="card" data-testid="decisions-table">
      <div className={`${classes.line} ${classes.heads}`} aria-hidden>
        <span />
        {HEADS.map((head) => (
          <span key={head}>{head}</span>
        ))}
      </div>
      <ul className={classes.triggers}>
        {[...decisions].reverse().map((decision) => (
          <Trigger
            key={`${decision.step} ${decision.trigger}`}
            run={run}
            decision={decision}
            open={decision === open}
            onToggle={() => onToggle(decision)}
          />
        ))}
      </ul>
    </div>
  );
}

interface TriggerProps {
  run: RunDetail;
  decision: Decision;
  open: boolean;
  onToggle: () => void;
}

function Trigger({ run, decision, open, onToggle }: TriggerProps) {
  const id = useId();
  const taken = decision.candidates.find(({ factor }) => factor !== 0 && factor === decision.accepted_factor);
  return (
    <li data-testid={`decision-${decision.step}`}>
      <button
        type="button"
        className={`${classes.line} ${classes.trigger}`}
        aria-expanded={open}
        aria-controls={id}
        onClick={onToggle}
      >
        <IconChevronRight size={14} className={classes.chevron} aria-hidden />
        <span>
          <span className={classes.label}>step </span>
          {decision.step}
        </span>
        <span>
          <span className={classes.label}>factor </span>
          {taken ? number(taken.factor, 3) : "none"}
          {decision.vetoed && <span className={classes.vetoed}>taken back</span>}
          {decision.overridden && <span className={classes.vetoed}>although refused</span>}
        </span>
        <span>
          <span className={classes.label}>gain </span>
          {taken ? gainOf(taken) : "–"}
        </span>
        <span className={classes.why}>{why(decision)}</span>
        <span>
          {count(decision.tokens)}
          <span className={classes.label}> tokens</span>
        </span>
        <span>{duration(decision.seconds)}</span>
      </button>
      <div id={id} hidden={!open} className={classes.opened}>
        {open && <Opened run={run} decision={decision} />}
      </div>
    </li>
  );
}

function Opened({ run, decision }: { run: RunDetail; decision: Decision }) {
  const score = useScoreName(decision.score_name);
  return (
    <>
      <p className="soft">
        {optionLabel(decision.trigger)}; D from step {decision.anchor_step}, norm {number(decision.direction_norm, 3)};{" "}
        {score} on {decision.validation_size} examples
        {decision.weights_kept && `; weights kept, ${bytes(decision.weights_bytes)}`}
      </p>
      <Candidates run={run} decision={decision} />
    </>
  );
}

/** The outcome without the factor, which stands beside it. */
function why({ outcome }: Decision): string {
  return minuses(outcome.replace(/^(moved by factor \S+|stayed at the start)( as ordered, although refused)?: /, ""));
}
