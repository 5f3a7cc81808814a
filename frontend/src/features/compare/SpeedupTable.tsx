import type { Entry, Ratio, Speedup, SpeedupRow } from "~/api/types";
import table from "~/components/table.module.css";
import { count, duration } from "~/lib/format";
import classes from "./ComparePage.module.css";
import { EntryName } from "./EntryName";
import { evaluated } from "./speedupWords";

interface SpeedupTableProps {
  data: Speedup;
  entries: readonly Entry[];
}

/** A row per run or group: what was spent, and how much less than the reference. */
export function SpeedupTable({ data, entries }: SpeedupTableProps) {
  const gpu = data.rows.some(({ costs }) => costs.gpu_seconds !== null);
  const best = data.best !== null && data.best !== data.reference;
  return (
    <div className={table.wrap}>
      <table className={table.table}>
        <thead>
          <tr>
            <th rowSpan={2}>Run or group</th>
            <th className={table.right} rowSpan={2}>
              Reached
            </th>
            <th className={classes.headOfMany} colSpan={gpu ? 4 : 3}>
              Cost, search included
            </th>
            <th className={classes.headOfMany} colSpan={gpu ? 4 : 3}>
              Speed-up
            </th>
            {best && (
              <th className={classes.headOfMany} colSpan={3}>
                Against its best rate
              </th>
            )}
          </tr>
          <tr>
            <Heads gpu={gpu} />
            <Heads gpu={gpu} />
            {best && <Heads gpu={false} />}
          </tr>
        </thead>
        <tbody>
          {data.rows.map((row) => (
            <Row
              key={row.key}
              row={row}
              entry={entries.find(({ key }) => key === row.key)}
              isReference={row.key === data.reference}
              isBest={best && row.key === data.best}
              gpu={gpu}
              best={best}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Heads({ gpu }: { gpu: boolean }) {
  return (
    <>
      <th className={`${table.right} ${classes.firstOfMany}`}>steps</th>
      <th className={table.right}>tokens</th>
      <th className={table.right}>time</th>
      {gpu && <th className={table.right}>GPU time</th>}
    </>
  );
}

interface RowProps {
  row: SpeedupRow;
  entry: Entry | undefined;
  isReference: boolean;
  isBest: boolean;
  gpu: boolean;
  best: boolean;
}

function Row({ row, entry, isReference, isBest, gpu, best }: RowProps) {
  const { costs, ratios, against_best } = row;
  const reached = costs.steps !== null;
  return (
    <tr data-testid={`speedup-${row.key}`}>
      <td className={`${table.named} ${classes.wrapped}`}>
        <span className={classes.runName}>
          {entry ? <EntryName entry={entry} /> : row.key}
          {isReference && <span className="soft">reference</span>}
          {isBest && <span className="soft">best rate</span>}
        </span>
      </td>
      <td className={table.right}>{reachedBy(row)}</td>
      {reached ? (
        <>
          <td className={`${table.right} ${classes.firstOfMany}`}>{count(costs.steps)}</td>
          <td className={table.right}>
            {count(costs.tokens)}
            <OfSearch amount={costs.search_tokens} told={count} />
          </td>
          <td className={table.right}>
            {duration(costs.seconds)}
            <OfSearch amount={costs.search_seconds} told={duration} />
          </td>
          {gpu && <td className={table.right}>{costs.gpu_seconds === null ? "–" : duration(costs.gpu_seconds)}</td>}
        </>
      ) : (
        <td className={`${classes.firstOfMany} ${classes.reason}`} colSpan={gpu ? 4 : 3}>
          <span className="soft">{notReached(row, entry)}</span>
        </td>
      )}
      <Ratios ratios={ratios} quiet={isReference} gpu={gpu} />
      {best && <Ratios ratios={against_best} quiet={isBest} gpu={false} />}
    </tr>
  );
}

function reachedBy(row: SpeedupRow): string {
  if (!evaluated(row)) return "–";
  return row.members > 1 ? `${row.reached} of ${row.members}` : row.reached > 0 ? "yes" : "no";
}

function notReached(row: SpeedupRow, entry: Entry | undefined): string {
  if (row.differs.includes("not_evaluated")) return "not evaluated yet";
  if (row.differs.includes("never_evaluated")) return "not evaluated";
  const last = Math.max(0, ...(entry?.runs ?? []).map(({ step }) => step));
  if (row.members > 1) {
    const lost = row.touched > 0 ? `; ${row.touched} came there and lost it again` : "";
    return `not held by most, by step ${last}${lost}`;
  }
  return row.touched > 0 ? `came there and lost it again by step ${last}` : `not reached by step ${last}`;
}

/** The search's part of a cost, where there was a search. */
function OfSearch({ amount, told }: { amount: number | null; told: (amount: number) => string }) {
  return amount ? <span className={classes.interval}>{told(amount)} search</span> : null;
}

interface RatiosProps {
  ratios: SpeedupRow["ratios"] | null;
  quiet: boolean;
  gpu: boolean;
}

function Ratios({ ratios, quiet, gpu }: RatiosProps) {
  const names = ["steps", "tokens", "seconds", ...(gpu ? (["gpu_seconds"] as const) : [])] as const;
  return names.map((name) => (
    <td key={name} className={`${table.right} ${name === "steps" ? classes.firstOfMany : ""}`}>
      <Written ratio={ratios?.[name] ?? null} quiet={quiet} />
    </td>
  ));
}

function Written({ ratio, quiet }: { ratio: Ratio | null; quiet: boolean }) {
  if (ratio === null) return <span className="soft">–</span>;
  const tone = quiet ? "same" : ratio.value >= 1.02 ? "faster" : ratio.value <= 0.98 ? "slower" : "same";
  return (
    <>
      <span className={classes.ratio} data-tone={tone}>
        {ratio.value.toFixed(2)}×
      </span>
      {ratio.low !== null && (
        <span className={classes.interval}>
          [{ratio.low.toFixed(2)}, {ratio.high?.toFixed(2)}]
        </span>
      )}
    </>
  );
}
