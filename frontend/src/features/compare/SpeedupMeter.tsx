import { Group, Select, Slider } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { speedupQuery } from "~/api/compare";
import { useScalarNames } from "~/api/measures";
import type { Entry, Speedup } from "~/api/types";
import { Unread } from "~/components/Unread";
import { useView } from "~/components/useView";
import { setsOf } from "~/lib/evaluationSets";
import { number } from "~/lib/format";
import { real } from "~/lib/urlParams";
import classes from "./ComparePage.module.css";
import { Section } from "./Section";
import { SpeedupTable } from "./SpeedupTable";
import { evaluated, howMeasured, rateNotes, unequalNotes } from "./speedupWords";

const METRICS: readonly string[] = [
  "eval/reverse_kl",
  "eval/accuracy",
  "eval/gap_recovery",
  "reverse_kl",
  "reverse_kl_k3",
  "accuracy",
  "overlap_ratio",
];

/** The very end of a group's way is out of reach for those of its runs that end below the median. */
const USUAL_SHARE_OF_GROUP = 0.95;

interface SpeedupMeterProps {
  entries: readonly Entry[];
  reference: Entry;
}

/** What each run or group spent to get as far as the reference did, the search counted. */
export function SpeedupMeter({ entries, reference }: SpeedupMeterProps) {
  const [search, change] = useView();
  const metric = search.metric ?? "eval/reverse_kl";
  const usual = reference.is_group ? USUAL_SHARE_OF_GROUP : 1;
  const share = Math.min(1, Math.max(0.05, real(search.share, usual)));
  const query = useQuery(
    speedupQuery({ keys: entries.map(({ key }) => key), reference: reference.key, metric, share }),
  );
  const { data } = query;
  const named = useScalarNames();
  const stored = new Set(entries.flatMap(({ runs }) => runs.flatMap(({ latest }) => Object.keys(latest))));
  const metrics = [
    ...METRICS.filter((name) => name === metric || stored.has(name)),
    ...setsOf(stored).map(({ average }) => average),
  ];
  const notes = data ? [...unequalNotes(data, entries), ...rateNotes(data, entries)] : [];

  return (
    <Section
      card
      title="What did it cost to get there?"
      testId="speedup-meter"
      tools={
        <>
          <Select
            w={210}
            aria-label="Metric"
            data={metrics.map((value) => ({ value, label: named(value).title }))}
            value={metric}
            onChange={(next) => next !== null && change({ metric: next === "eval/reverse_kl" ? undefined : next })}
            allowDeselect={false}
          />
          <ShareSlider
            share={share}
            onChange={(next) => change({ share: next === usual ? undefined : String(next) })}
          />
        </>
      }
    >
      {data && (
        <p className={classes.sentence} data-testid="speedup-target">
          {data.target === null
            ? noTarget(data, reference)
            : `Target ${number(data.target)}: ${Math.round(share * 100)} % of the way that ${
                reference.is_group ? `the median member of ${reference.name}` : reference.name
              } made from its first to its last value. ${howMeasured(data)}`}
        </p>
      )}
      {!data && <Unread what="the meter" query={query} />}
      {data && <SpeedupTable data={data} entries={entries} />}
      {notes.length > 0 && (
        <ul className={classes.rateNotes} data-testid="speedup-rates">
          {notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
    </Section>
  );
}

function noTarget({ rows }: Speedup, reference: Entry): string {
  const own = rows.find(({ key }) => key === reference.key);
  const why = own && !evaluated(own) ? "has too few evaluations of this metric" : "has not improved on this metric";
  return `${reference.name} ${why}, so there is no way to measure a speed-up by.`;
}

function ShareSlider({ share, onChange }: { share: number; onChange: (share: number) => void }) {
  const [dragged, setDragged] = useState<number | null>(null);
  const shown = dragged ?? Math.round(share * 100);
  return (
    <Group flex="1 1 280px" maw={420} wrap="nowrap" fz={13}>
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
    </Group>
  );
}
