import { SegmentedControl } from "@mantine/core";
import { useView } from "~/components/useView";
import { number } from "~/lib/format";
import type { TokenMeasure } from "~/lib/samples";
import { oneOf } from "~/lib/urlParams";
import classes from "./Samples.module.css";

const MEASURES = ["kl", "advantage"] as const;
const FILTERS = ["all", "wrong", "cut"] as const;
export type SampleFilter = (typeof FILTERS)[number];

/** How samples are looked at, from the URL. */
export function useSampleLook(): { measure: TokenMeasure; only: SampleFilter } {
  const [search] = useView();
  return { measure: oneOf(search.color, MEASURES, "kl"), only: oneOf(search.only, FILTERS, "all") };
}

/** Colour of the tokens with its scale, and which responses are shown. */
export function SampleTools({ top }: { top: number }) {
  const [, change] = useView();
  const { measure, only } = useSampleLook();
  return (
    <>
      <SegmentedControl
        aria-label="Responses"
        data={[
          { value: "all", label: "All" },
          { value: "wrong", label: "Wrong" },
          { value: "cut", label: "Cut" },
        ]}
        value={only}
        onChange={(next) => change({ only: next === "all" ? undefined : next })}
        data-testid="sample-filter"
      />
      <SegmentedControl
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
    </>
  );
}
