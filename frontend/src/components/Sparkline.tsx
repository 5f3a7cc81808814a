import { useElementSize } from "@mantine/hooks";
import { number } from "~/lib/format";
import { drawn, type Line } from "~/lib/sparkline";
import classes from "./Sparkline.module.css";

interface SparklineProps {
  line: Line;
  color: string;
  /** What the curve is of, with its unit. */
  label: string;
  height?: number;
  /** Values at the bottom and at the top; those of the curve when left out. */
  range?: readonly [number, number];
}

/** A small curve without axes; its ends are said in words for those who cannot see it. */
export function Sparkline({ line, color, label, height = 56, range }: SparklineProps) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  const drawing = drawn(line, Math.max(1, width - 6), height, range);
  const said =
    drawing === null
      ? `${label}: no finite value yet`
      : `${label} over steps ${line.steps[0]} to ${line.steps.at(-1)}: from ${number(line.values[0])} to ${number(line.values.at(-1))}, between ${number(drawing.low)} and ${number(drawing.high)}`;
  return (
    <div ref={ref} className={classes.box} style={{ height }}>
      <svg
        width="100%"
        height={height}
        role="img"
        aria-label={said}
        data-testid="sparkline"
        data-last={line.steps.at(-1)}
      >
        {drawing !== null && width > 0 && (
          <>
            <path d={drawing.path} fill="none" stroke={color} strokeWidth="1.5" strokeLinejoin="round" />
            {drawing.end && <circle cx={drawing.end.x} cy={drawing.end.y} r="2.5" fill={color} />}
            {drawing.marks.map((x) => (
              <path key={x} d={`M${x} 0v6`} className={classes.mark} />
            ))}
          </>
        )}
      </svg>
    </div>
  );
}
