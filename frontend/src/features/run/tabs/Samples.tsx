import { SegmentedControl } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { samplesQuery } from "~/api/runs";
import type { RunDetail } from "~/api/types";
import { Empty } from "~/components/Empty";
import { ErrorBox } from "~/components/ErrorBox";
import { Loading } from "~/components/Loading";
import { StepSlider } from "~/components/panel/StepSlider";
import { useView } from "~/components/useView";
import { number } from "~/lib/format";
import { largest } from "~/lib/samples";
import { integer, oneOf } from "~/lib/urlParams";
import { SampleCard } from "./SampleCard";
import classes from "./Samples.module.css";

/** Prompts and responses, each token coloured by what the teacher thinks of it. */
export default function Samples({ run }: { run: RunDetail }) {
  const [search, change] = useView();
  const step = integer(search.sample);
  const measure = oneOf(search.color, ["kl", "advantage"] as const, "kl");
  const query = useQuery({ ...samplesQuery(run.id, step), placeholderData: keepPreviousData });
  const data = query.data;

  if (query.error && !data) {
    return <ErrorBox title="The samples could not be read" error={query.error} onRetry={() => void query.refetch()} />;
  }
  if (!data) return <Loading label="Reading the samples" />;
  if (data.samples.length === 0) {
    return (
      <div className="card">
        <Empty title="No samples yet">
          {run.config.monitoring.samples_count} responses are stored at every evaluation, each{" "}
          {run.config.monitoring.evaluate_every} steps.
        </Empty>
      </div>
    );
  }
  const top = Math.max(1e-3, largest(data.samples, measure));
  return (
    <div data-testid="samples">
      <div className={classes.toolbar}>
        <div className={classes.scrubber}>
          <StepSlider steps={data.steps} value={search.sample} onChange={(next) => change({ sample: next })} />
        </div>
        <SegmentedControl
          size="xs"
          aria-label="Colour of the tokens"
          data={[
            { value: "kl", label: "KL" },
            { value: "advantage", label: "Advantage" },
          ]}
          value={measure}
          onChange={(next) => change({ color: next === "kl" ? undefined : next })}
        />
        <span className={classes.legend}>
          {measure === "kl" ? "0" : number(-top, 2)}
          <span className={classes.scale} data-measure={measure} aria-hidden />
          {number(top, 2)} nats {measure === "kl" ? "from the teacher" : "(teacher likes it more: green)"}
        </span>
      </div>
      <div className={classes.samples} data-stale={query.isPlaceholderData}>
        {data.samples.map((sample) => (
          <SampleCard key={`${data.step} ${sample.index}`} sample={sample} measure={measure} top={top} />
        ))}
      </div>
    </div>
  );
}
