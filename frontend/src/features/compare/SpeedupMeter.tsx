import { Button, Group, Select, Slider } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { downloadSpeedup, speedupQuery } from "~/api/compare";
import { useScalarNames } from "~/api/measures";
import type { Entry } from "~/api/types";
import { errorText } from "~/components/ErrorBox";
import { notify } from "~/components/notify";
import { Unread } from "~/components/Unread";
import { useView } from "~/components/useView";
import { setsOf } from "~/lib/evaluationSets";
import { real } from "~/lib/urlParams";
import classes from "./ComparePage.module.css";
import { Section } from "./Section";
import { SpeedupTable } from "./SpeedupTable";

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
  const asked = { keys: entries.map(({ key }) => key), reference: reference.key, metric, share };
  const query = useQuery(speedupQuery(asked));
  const { data } = query;
  const named = useScalarNames();
  const stored = new Set(entries.flatMap(({ runs }) => runs.flatMap(({ latest }) => Object.keys(latest))));
  const metrics = [
    ...METRICS.filter((name) => name === metric || stored.has(name)),
    ...setsOf(stored).map(({ average }) => average),
  ];

  return (
    <Section
      card
      title="What did it cost to get there?"
      testId="speedup-meter"
      tools={
        <>
          <Select
            w={290}
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
          <Button
            variant="subtle"
            color="gray"
            size="xs"
            leftSection={<IconDownload size={14} />}
            onClick={() =>
              void downloadSpeedup(asked).catch((error) =>
                notify(errorText(error), "The table could not be taken away"),
              )
            }
          >
            CSV
          </Button>
        </>
      }
    >
      {data && (
        <p className={classes.sentence} data-testid="speedup-target">
          {data.told} {data.method}
        </p>
      )}
      {!data && <Unread what="the meter" query={query} />}
      {data && <SpeedupTable data={data} entries={entries} />}
      {data && data.notes.length > 0 && (
        <ul className={classes.rateNotes} data-testid="speedup-rates">
          {data.notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
    </Section>
  );
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
