import { Group } from "@mantine/core";
import type { ReactNode } from "react";
import { Choice } from "~/components/Choice";
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

/** Above samples: what their page puts first, which responses are shown, and the colour of the tokens with its scale. */
export function SampleTools({ top, children }: { top: number; children?: ReactNode }) {
  const { measure } = useSampleLook();
  return (
    <Group gap="8px 20px" mb={12}>
      {children}
      <Choice
        name="only"
        label="Responses"
        choices={{ all: "All", wrong: "Wrong", cut: "Cut" }}
        testId="sample-filter"
      />
      <Choice name="color" label="Colour of the tokens" choices={{ kl: "KL", advantage: "Advantage" }} />
      <span className={classes.legend}>
        {measure === "kl" ? "0" : number(-top, 2)}
        <span className={classes.scale} data-measure={measure} aria-hidden />
        {number(top, 2)} nats {measure === "kl" ? "from the teacher" : "(teacher likes it more: green)"}
      </span>
    </Group>
  );
}
