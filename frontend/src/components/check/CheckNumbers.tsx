import type { Check, Parity } from "~/api/types";
import { Fact } from "~/components/Fact";
import { bytes, duration, number, percent } from "~/lib/format";
import classes from "./Check.module.css";

/** The figures of a check, each with what it was measured on. */
export function CheckNumbers({ check }: { check: Check }) {
  const { divergence, repeatability, sampler, expected, top_mass: mass, clipped } = check;
  return (
    <dl className={classes.facts}>
      {divergence && (
        <Fact name="Distance to the teacher" testId="check-distance">
          {number(divergence.mean, 3)} nats/token
          <small>
            {divergence.estimator === "k3" ? "reverse KL, estimated from the sampled tokens (k3)" : "reverse KL"},{" "}
            {divergence.tokens.toLocaleString("en")} tokens
          </small>
        </Fact>
      )}
      {repeatability && (
        <Fact name="Noise floor of the teacher" testId="check-noise">
          {number(repeatability.mean, 2)} nats/token
          <small>two scorings of the same tokens; {number(repeatability.largest, 2)} at most</small>
        </Fact>
      )}
      <Fact name="Sampler against trainer">
        {number(sampler.mean, 2)} nats/token
        <small>on the sampled tokens; {number(sampler.largest, 2)} at most</small>
      </Fact>
      {clipped != null && <Fact name="Capped importance weights">{percent(clipped)} of the tokens</Fact>}
      {mass != null && <Fact name="Teacher's mass on the tokens told">{percent(mass)}</Fact>}
      <Fact name="Responses that ended">
        {check.ended} of {check.sampled}
      </Fact>
      <Fact name="Prompts left out">
        {check.left_out.toLocaleString("en")} of {check.all_prompts.toLocaleString("en")}
        <small>longer than budget.max_prompt_tokens</small>
      </Fact>
      <Fact name="Temperature">
        {number(check.sampling_temperature)}
        <small>of the sampler, the student and the teacher's scores</small>
      </Fact>
      <Fact name="A step" note="about">
        {duration(expected.seconds_per_step)}
        <small>{expected.seconds_from}</small>
      </Fact>
      <Fact name="Memory" note="peak, about">
        {bytes(expected.memory_bytes)}
        <small>{expected.memory_from}</small>
      </Fact>
      {check.parity !== "" && <Fact name="Parity of the server">{check.parity}</Fact>}
      {check.served && <ParityFact parity={check.served} noise={repeatability?.mean} />}
    </dl>
  );
}

/** A served teacher against its own weights, beside what it differs from itself. */
function ParityFact({ parity, noise }: { parity: Parity; noise: number | null | undefined }) {
  const { apart, weights, worst } = parity;
  return (
    <Fact name="Parity of the server" testId="check-parity">
      {number(apart.mean, 3)} nats/token from {weights}
      <small>
        {number(apart.largest, 3)} at most, {apart.tokens.toLocaleString("en")} tokens; noise floor {number(noise, 2)}
      </small>
      {worst.map((token) => (
        <small key={token.id}>
          token {token.id} <code>{JSON.stringify(token.text)}</code>: {number(token.served, 3)} served,{" "}
          {number(token.local, 3)} by the weights, {token.times} {token.times === 1 ? "time" : "times"}
        </small>
      ))}
    </Fact>
  );
}
