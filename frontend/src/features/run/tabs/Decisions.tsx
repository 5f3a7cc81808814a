import { useQuery } from "@tanstack/react-query";
import { decisionsQuery } from "~/api/runs";
import type { Decision, RunDetail } from "~/api/types";
import { Empty } from "~/components/Empty";
import { Panel } from "~/components/panel/Panel";
import { Unread } from "~/components/Unread";
import { useView } from "~/components/useView";
import { firstOf } from "~/lib/pinned";
import { DecisionState } from "./DecisionState";
import classes from "./Decisions.module.css";
import { TriggerList } from "./TriggerList";

/** Every extrapolation that was tried, and why it was taken or refused. */
export default function Decisions({ run }: { run: RunDetail }) {
  const query = useQuery(decisionsQuery(run.id));
  const [search, change] = useView();
  if (!query.data) return <Unread what="the decisions" query={query} />;
  const { decisions } = query.data;
  if (decisions.length === 0) {
    return (
      <Empty card title="No extrapolation has been tried">
        {run.looks_ahead ? "The strategy has not looked ahead yet." : "This run follows the optimizer alone."}
      </Empty>
    );
  }
  const wanted = search.decision ?? search.trigger;
  const open = decisions.findLast(({ step }) => String(step) === wanted);
  const selected = open ?? decisions.at(-1);
  const toggle = ({ step }: Decision) =>
    change({ decision: step === open?.step ? undefined : String(step), trigger: undefined });
  return (
    <>
      {selected && (
        <div className={classes.pictures}>
          <Panel
            name="decision_tree"
            runs={[run]}
            fixed={{ step: String(selected.step) }}
            height={250}
            onPointClick={(point) => {
              const step = firstOf(point.customdata);
              if (typeof step === "number") change({ decision: String(step) });
            }}
          />
          <Panel
            name="decision_line"
            title={`The line tried at step ${selected.step}`}
            runs={[run]}
            fixed={{ step: String(selected.step) }}
            height={250}
            testId="decision-line"
          />
          <DecisionState decision={selected} run={run} />
        </div>
      )}
      <TriggerList run={run} decisions={decisions} open={open} onToggle={toggle} />
    </>
  );
}
