import { Select, Slider } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { speedupQuery } from "~/api/compare";
import type { RunDetail, SpeedupRow } from "~/api/types";
import { ErrorBox } from "~/components/ErrorBox";
import { Loading } from "~/components/Loading";
import { RunDot } from "~/components/RunBits";
import table from "~/components/table.module.css";
import { useView } from "~/components/useView";
import { count, duration, number } from "~/lib/format";
import { real } from "~/lib/urlParams";
import classes from "./ComparePage.module.css";

const METRICS: readonly [string, string][] = [
  ["eval/reverse_kl", "Held-out reverse KL"],
  ["eval/accuracy", "Held-out accuracy"],
  ["eval/gap_recovery", "Held-out gap recovered"],
  ["reverse_kl", "Reverse KL on the batch"],
  ["reverse_kl_k3", "Reverse KL on the batch, k3"],
  ["accuracy", "Accuracy on the batch"],
  ["overlap_ratio", "Overlap of the top 16"],
];

interface SpeedupMeterProps {
  runs: readonly RunDetail[];
  reference: RunDetail;
}

/** What each run spent to get as far as the reference did, the search counted. */
export function SpeedupMeter({ runs, reference }: SpeedupMeterProps) {
  const [search, change] = useView();
  const metric = search.metric ?? "eval/reverse_kl";
  const share = Math.min(1, Math.max(0.05, real(search.share, 1)));
  const { data, error, refetch } = useQuery(
    speedupQuery({ runs: runs.map(({ id }) => id), reference: reference.id, metric, share }),
  );
  const metrics = METRICS.filter(([name]) => name === metric || runs.some(({ latest }) => name in latest));

  return (
    <section className={`card ${classes.section}`} data-testid="speedup-meter">
      <header className={classes.sectionHead}>
        <h2>What did it cost to get there?</h2>
        <Select
          size="xs"
          w={210}
          aria-label="Metric"
          data={metrics.map(([value, label]) => ({ value, label }))}
          value={metric}
          onChange={(next) => next !== null && change({ metric: next === "eval/reverse_kl" ? undefined : next })}
          allowDeselect={false}
        />
        <ShareSlider share={share} onChange={(next) => change({ share: next === 1 ? undefined : String(next) })} />
      </header>
      <p className={classes.sentence}>
        {data?.target === null || data === undefined
          ? `${reference.name} has not improved on this metric, so there is no way to measure a speed-up by.`
          : `Target ${number(data.target)}: ${Math.round(share * 100)} % of the way that ${reference.name} made from its first to its last value. Single evaluations, no smoothing; a target is met at the first evaluation that reaches it.`}
      </p>
      {error && !data && <ErrorBox title="The meter could not be read" error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Loading />}
      {data && (
        <div className={table.wrap}>
          <table className={table.table}>
            <thead>
              <tr>
                <th>Run</th>
                <th className={table.right}>Steps</th>
                <th className={table.right}>Tokens</th>
                <th className={table.right}>Time, search included</th>
                <th className={table.right}>of which search</th>
                <th className={table.right}>Speed-up in steps</th>
                <th className={table.right}>in tokens</th>
                <th className={table.right}>in time</th>
              </tr>
            </thead>
            <tbody>
              {data.rows.map((row) => (
                <Row
                  key={row.run}
                  row={row}
                  run={runs.find(({ id }) => id === row.run)}
                  isReference={row.run === reference.id}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function ShareSlider({ share, onChange }: { share: number; onChange: (share: number) => void }) {
  const [dragged, setDragged] = useState<number | null>(null);
  const shown = dragged ?? Math.round(share * 100);
  return (
    <div className={classes.share}>
      <span className="soft nowrap">to {shown} % of the reference's way</span>
      <Slider
        size="sm"
        style={{ flex: 1 }}
        min={5}
        max={100}
        step={5}
        label={null}
        thumbLabel="Share of the reference's way"
        value={shown}
        onChange={setDragged}
        onChangeEnd={(next) => {
          setDragged(null);
          onChange(next / 100);
        }}
      />
    </div>
  );
}

interface RowProps {
  row: SpeedupRow;
  run: RunDetail | undefined;
  isReference: boolean;
}

function Row({ row, run, isReference }: RowProps) {
  return (
    <tr data-testid={`speedup-${row.run}`}>
      <td>
        <span className={classes.runName}>
          {run && <RunDot color={run.color} />}
          {run?.name ?? row.run}
          {isReference && <span className="soft">reference</span>}
        </span>
      </td>
      {row.reached ? (
        <>
          <td className={table.right}>{row.step}</td>
          <td className={table.right}>{count(row.tokens)}</td>
          <td className={table.right}>{duration(row.seconds)}</td>
          <td className={table.right}>{row.search_seconds ? duration(row.search_seconds) : "none"}</td>
        </>
      ) : (
        <td className={table.right} colSpan={4}>
          <span className="soft">not reached{run ? ` by step ${run.step}` : ""}</span>
        </td>
      )}
      {[row.ratio_steps, row.ratio_tokens, row.ratio_seconds].map((ratio, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the three columns never move
        <td key={index} className={table.right}>
          <Ratio value={ratio} quiet={isReference} />
        </td>
      ))}
    </tr>
  );
}

function Ratio({ value, quiet }: { value: number | null; quiet: boolean }) {
  if (value === null) return <span className="soft">–</span>;
  const tone = quiet ? "same" : value >= 1.02 ? "faster" : value <= 0.98 ? "slower" : "same";
  return (
    <span className={classes.ratio} data-tone={tone}>
      {value.toFixed(2)}×
    </span>
  );
}
