import { Skeleton } from "@mantine/core";
import type { Plan } from "~/api/types";
import { Fact } from "~/components/Fact";
import { bytes, count, duration } from "~/lib/format";
import { sentence } from "~/lib/formErrors";
import classes from "./Summary.module.css";
import { isTooLarge } from "./verdict";

/** What a launch would do, as the server counted it. */
export function Summary({ plan, current }: { plan: Plan | undefined; current: boolean }) {
  if (!plan?.workload) {
    if (plan && plan.problems.length > 0) return <p className="soft">The summary needs values that fit.</p>;
    return <Skeleton height={180} aria-label="Computing what will happen" />;
  }
  const { workload, runs } = plan;
  const several = runs.length > 1;
  return (
    <div className={classes.plan} aria-busy={!current} data-testid="plan">
      <dl className={classes.facts}>
        {several && <Fact name="Runs">{runs.length}</Fact>}
        <Fact name={several ? "Steps in all" : "Steps"} testId="plan-steps">
          {workload.steps.toLocaleString("en")}
        </Fact>
        <Fact name="Prompts" testId="plan-prompts">
          {workload.prompts.toLocaleString("en")}
        </Fact>
        <Fact name="Training tokens" note="at most" testId="plan-training-tokens">
          {count(workload.training_tokens)}
        </Fact>
        {workload.triggers > 0 && (
          <Fact name="Search tokens" note="at most" testId="plan-search-tokens">
            {count(workload.search_tokens)}
            <small>
              {workload.triggers} triggers, up to {workload.candidates} tries
            </small>
          </Fact>
        )}
        <Fact name="Evaluations">
          {workload.evaluations}
          <small>at most {count(workload.evaluation_tokens)} tokens</small>
        </Fact>
        {workload.set_evaluations > 0 && (
          <Fact name="Scorings of each set" testId="plan-sets">
            {workload.set_evaluations}
            <small>at most {count(workload.set_tokens)} tokens in all</small>
          </Fact>
        )}
        <Fact name="Checkpoints" testId="plan-checkpoints">
          {workload.checkpoints}
          <small>{workload.checkpoints_kept} stay on disk</small>
        </Fact>
        <Fact name="Spectral snapshots">{workload.snapshots}</Fact>
        <Footprint plan={plan} />
        <Time plan={plan} />
        <Place plan={plan} />
      </dl>
      {plan.footprint && <Included footprint={plan.footprint} />}
    </div>
  );
}

const PHASES: Record<string, string> = {
  training: "while training",
  rollout: "while sampling",
  search: "while searching",
};

function Footprint({ plan }: { plan: Plan }) {
  const { footprint, place } = plan;
  if (!footprint) {
    return (
      <Fact name="Memory and disk" testId="plan-unknown">
        not known<small>{sentence(plan.footprint_unknown ?? "")}</small>
      </Fact>
    );
  }
  const total = place?.memory_total ?? null;
  const tooLarge = isTooLarge(plan) === true;
  return (
    <>
      <Fact name="Memory" note="estimate" testId="plan-memory">
        <span className={tooLarge ? classes.warning : undefined}>{bytes(footprint.memory_bytes)}</span>
        {tooLarge && <small>more than the {bytes(total)} of the largest machine that would take it</small>}
      </Fact>
      <Fact name="Disk at the end" note="estimate" testId="plan-disk">
        {bytes(footprint.disk_bytes)}
        <small>{bytes(footprint.checkpoint_bytes)} a checkpoint</small>
      </Fact>
    </>
  );
}

function Included({ footprint }: { footprint: NonNullable<Plan["footprint"]> }) {
  return (
    <details className={classes.parts}>
      <summary>What the estimates include</summary>
      <table>
        <tbody>
          {footprint.memory.map((part) => (
            <tr key={part.name}>
              <td>
                {sentence(part.name)}
                {PHASES[part.phase] && <small> {PHASES[part.phase]}</small>}
              </td>
              <td>{bytes(part.bytes)}</td>
            </tr>
          ))}
        </tbody>
        <tbody>
          {footprint.disk.map((part) => (
            <tr key={part.name}>
              <td>
                {sentence(part.name)} <small>on disk</small>
              </td>
              <td>{bytes(part.bytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p>
        From the shapes of {count(footprint.parameters)} parameters, float32 weights and the longest sequences allowed.
        Of the phases only the largest counts, since they follow one another. On a GPU all but the last line of memory
        lies there. Not included: what the allocator keeps, and other programs.
      </p>
    </details>
  );
}

function Time({ plan }: { plan: Plan }) {
  const { pace, runs } = plan;
  if (!pace) {
    return (
      <Fact name="Time" testId="plan-time">
        not known<small>no run yet with this student, batch and response length</small>
      </Fact>
    );
  }
  return (
    <Fact name="Time" note="about" testId="plan-time">
      {duration(pace.seconds)}
      <small>
        {duration(pace.seconds_per_step)} a step in {pace.runs} past {pace.runs === 1 ? "run" : "runs"}
        {pace.search_included ? "" : ", search not included"}
        {runs.length > 1 ? ", one after another" : ""}; loading and evaluation come on top
      </small>
      {pace.memory_bytes && <small>{bytes(pace.memory_bytes)} of memory at most in those</small>}
    </Fact>
  );
}

function Place({ plan }: { plan: Plan }) {
  const { place } = plan;
  if (!place) return null;
  const { workers, free_workers: free, queued_before: before, queue } = place;
  if (workers.length === 0) {
    return (
      <Fact name="Goes to" testId="plan-place">
        <span className={classes.warning}>no worker</span>
        <small>
          {queue === "any" ? "None is alive" : `None that is alive takes runs for ${queue}`}; it waits until one starts
        </small>
      </Fact>
    );
  }
  const ahead = before > 0 ? `${before} waiting before it` : free > 0 ? "starts at once" : "after the run in progress";
  return (
    <Fact name="Goes to" testId="plan-place">
      {workers.length === 1 ? workers[0] : `one of ${workers.length} workers`}
      <small>
        {queue === "any" ? "any device" : queue}, {ahead}
      </small>
    </Fact>
  );
}
