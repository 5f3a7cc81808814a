import { ActionIcon } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import type { Figure } from "~/lib/figure";
import { isPlain } from "~/lib/figure";
import { number } from "~/lib/format";
import { asText, valuesAt } from "~/lib/linked";
import { Copy } from "../Copy";
import classes from "./Panel.module.css";

interface PinnedValuesProps {
  figure: Figure;
  title: string;
  x: number;
  onClose: () => void;
}

/** What the lines are worth where the reader clicked; to copy, or to send as a link to this place. */
export default function PinnedValues({ figure, title, x, onClose }: PinnedValuesProps) {
  const values = valuesAt(figure, x);
  return (
    <section className={classes.pin} aria-label={`${title}: pinned values`} data-testid="pinned-values" data-x={x}>
      <span>
        <span className="soft">{axisTitle(figure)}</span> {number(x, 6)}
      </span>
      {values.map((value, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines of runs of one name have no other identity
        <span key={at}>
          <span className="soft">{value.name}</span> <strong>{number(value.y, 5)}</strong>
          {value.x !== x && <span className="soft"> at {number(value.x, 6)}</span>}
        </span>
      ))}
      <Copy value={asText(title, values)} variant="subtle" size="compact-xs">
        Copy value
      </Copy>
      <Copy value={window.location.href} variant="subtle" size="compact-xs">
        Copy link
      </Copy>
      <ActionIcon size="xs" aria-label="Unpin the values" onClick={onClose}>
        <IconX size={13} />
      </ActionIcon>
    </section>
  );
}

function axisTitle({ layout }: Figure): string {
  const title = isPlain(layout.xaxis) ? layout.xaxis.title : "";
  return String(isPlain(title) ? title.text : title);
}
