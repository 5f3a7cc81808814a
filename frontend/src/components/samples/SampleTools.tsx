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
      <Scale measure={measure} top={top} />
    </Group>
  );
}

interface ScaleProps {
  measure: TokenMeasure;
  top: number;
  /** Who likes a token more where it is green. */
  by?: string;
}

/** What the colours of tokens mean. */
export function Scale({ measure, top, by = "teacher" }: ScaleProps) {
  return (
    <span className={classes.legend}>
      {measure === "kl" ? "0" : number(-top, 2)}
      <span className={classes.scale} data-measure={measure} aria-hidden />
      {number(top, 2)} nats {measure === "kl" ? "from the teacher" : `(${by} likes it more: green)`}
    </span>
  );
}
