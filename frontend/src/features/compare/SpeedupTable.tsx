import type { Entry, Ratio, Speedup, SpeedupCell, SpeedupRow } from "~/api/types";
import { ScrollBox } from "~/components/ScrollBox";
import table from "~/components/table.module.css";
import { type LogAxis, logAxis } from "~/lib/logAxis";
import page from "./ComparePage.module.css";
import { EntryName } from "./EntryName";
import classes from "./SpeedupTable.module.css";

type Cost = keyof SpeedupRow["ratios"];

const LABELS: Record<Cost, string> = { steps: "steps", tokens: "tokens", seconds: "time", gpu_seconds: "GPU time" };

interface SpeedupTableProps {
  data: Speedup;
  entries: readonly Entry[];
}

/** A row per run or group, in the server's words: its rate, how much less it spent than the best rate and than the reference, and what. */
export function SpeedupTable({ data, entries }: SpeedupTableProps) {
  const ofBest: Cost[] = ["steps", "tokens", "seconds"];
  const withGpu = (known: boolean): Cost[] => (known ? [...ofBest, "gpu_seconds"] : ofBest);
  const ofReference = withGpu(
    data.rows.some(({ key, ratios }) => key !== data.reference && ratios.gpu_seconds !== null),
  );
  const costs = withGpu(data.rows.some((row) => row.costs.gpu_seconds !== null));
  const best = data.best !== null && data.best !== data.reference;
  const axis = logAxis(
    data.rows.flatMap(ratiosOf).flatMap(({ value, at_least, at_most }) => [value, at_least, at_most]),
  );
  const against = data.best === data.reference ? "Against the reference, the best rate" : "Against the reference";
  const groups: [string, readonly Cost[]][] = [
    ...(best ? [["Against the best rate", ofBest] as [string, readonly Cost[]]] : []),
    [against, ofReference],
    ["Cost, search included", costs],
  ];
  return (
    <>
      <ScrollBox label="What did it cost to get there?">
        <table className={`${table.table} ${classes.meter}`}>
          <thead>
            <tr>
              <th className={classes.first} rowSpan={2}>
                Run or group
              </th>
              <th className={table.right} rowSpan={2}>
                Rate
              </th>
              {groups.map(([title, names]) => (
                <th key={title} className={classes.headOfMany} colSpan={names.length}>
                  {title}
                </th>
              ))}
            </tr>
            <tr>
              {groups.flatMap(([title, names]) =>
                names.map((name, index) => (
                  <th key={`${title} ${name}`} className={`${table.right} ${index === 0 ? classes.firstOfMany : ""}`}>
                    {LABELS[name]}
                  </th>
                )),
              )}
            </tr>
          </thead>
          <tbody>
            {data.rows.map((row) => (
              <tr key={row.key} data-testid={`speedup-${row.key}`} data-standing={row.standing}>
                <Named row={row} entry={entries.find(({ key }) => key === row.key)} data={data} best={best} />
                <td className={table.right} data-label="rate">
                  {row.words.rate}
                </td>
                {best && (
                  <>
                    <PhoneHead title="Against the best rate" />
                    <Ratios cells={row.words.against_best} ratios={row.against_best} names={ofBest} axis={axis} />
                  </>
                )}
                <PhoneHead title={against} />
                <Ratios cells={row.words.ratios} ratios={row.ratios} names={ofReference} axis={axis} />
                <PhoneHead title="Cost, search included" />
                <Costs row={row} names={costs} />
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollBox>
      {axis && (
        <p className={classes.axis}>
          Bars from {axis.low} to {axis.high} on a log axis, 1× in the middle; the thin line is the bracket
          {data.within_noise ? "; hatched: not told apart from noise" : ""}. Green and red only where all of the
          interval over seeds and of the bracket is on one side of 1×.
        </p>
      )}
    </>
  );
}

function ratiosOf({ ratios, against_best }: SpeedupRow): Ratio[] {
  return [...Object.values(ratios), ...Object.values(against_best ?? {})].filter((ratio) => ratio !== null);
}

/** What the columns below are called where a row is a card; a table has its heads. */
function PhoneHead({ title }: { title: string }) {
  return <td className={classes.phoneHead}>{title}</td>;
}

interface NamedProps {
  row: SpeedupRow;
  entry: Entry | undefined;
  data: Speedup;
  best: boolean;
}

function Named({ row, entry, data, best }: NamedProps) {
  const told = row.members > 1 && row.standing === "reached";
  return (
    <td className={`${classes.first} ${page.wrapped}`}>
      {entry ? <EntryName entry={entry} /> : row.name}
      {row.key === data.reference && <span className={classes.more}>reference</span>}
      {best && row.key === data.best && <span className={classes.more}>best rate</span>}
      {told && <span className={classes.more}>{row.words.standing}</span>}
    </td>
  );
}

interface RatiosProps {
  cells: SpeedupRow["words"]["ratios"] | null;
  ratios: SpeedupRow["ratios"] | null;
  names: readonly Cost[];
  axis: LogAxis | null;
}

function Ratios({ cells, ratios, names, axis }: RatiosProps) {
  return names.map((name, index) => (
    <td
      key={name}
      className={`${table.right} ${classes.ofMany} ${index === 0 ? classes.firstOfMany : ""}`}
      data-label={LABELS[name]}
    >
      {cells && <Told cell={cells[name]} />}
      {axis && ratios?.[name] && cells?.[name].verdict !== "same" && (
        <RatioBar ratio={ratios[name]} axis={axis} verdict={cells?.[name].verdict ?? "none"} />
      )}
    </td>
  ));
}

function Costs({ row, names }: { row: SpeedupRow; names: readonly Cost[] }) {
  if (row.standing !== "reached") {
    return (
      <td className={`${classes.firstOfMany} ${classes.reason}`} colSpan={names.length} data-testid="standing">
        {row.words.standing}
      </td>
    );
  }
  return names.map((name, index) => (
    <td
      key={name}
      className={`${table.right} ${index === 0 ? classes.firstOfMany : ""}`}
      data-label={LABELS[name]}
      data-none={row.costs[name] === null || undefined}
    >
      <Told cell={row.words.costs[name]} />
    </td>
  ));
}

function Told({ cell: { text, bracket, more, verdict } }: { cell: SpeedupCell }) {
  return (
    <>
      <span className={classes.ratio} data-verdict={verdict}>
        {text}
      </span>
      {bracket && <Bracket text={bracket} />}
      {more && <span className={classes.more}>{more}</span>}
    </>
  );
}

/** Its second end on a line of its own where there is no room for both. */
function Bracket({ text }: { text: string }) {
  const [low, high] = text.split("–");
  return (
    <span className={`${classes.more} ${classes.bracket}`}>
      <span className={classes.end}>{low}–</span>
      <wbr />
      <span className={classes.end}>{high}</span>
    </span>
  );
}

/** From 1x to the ratio; the bracket as a thin line. What they say is beside them in words. */
function RatioBar({ ratio, axis, verdict }: { ratio: Ratio; axis: LogAxis; verdict: SpeedupCell["verdict"] }) {
  const at = axis.place(ratio.value);
  const span = (one: number, other: number) => ({
    left: `${Math.min(one, other)}%`,
    width: `${Math.abs(other - one)}%`,
  });
  const bracket = ratio.at_least === null ? null : span(axis.place(ratio.at_least), axis.place(ratio.at_most));
  return (
    <span className={classes.track} aria-hidden="true">
      <span className={classes.bar} data-verdict={verdict} style={span(50, at)} />
      {bracket && <span className={classes.between} style={bracket} />}
    </span>
  );
}
