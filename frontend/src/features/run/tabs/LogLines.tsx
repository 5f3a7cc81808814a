import { Box, Button } from "@mantine/core";
import { IconArrowDown } from "@tabler/icons-react";
import { useQueries } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import { LOG_PAGE, type LogChoice, logPageQuery } from "~/api/logs";
import type { LogLine, RunDetail } from "~/api/types";
import { Empty } from "~/components/Empty";
import { useView } from "~/components/useView";
import { clock, stamp } from "~/lib/format";
import { marked, tone } from "~/lib/logText";
import classes from "./Logs.module.css";

const LINE_PX = 18;
const NEAR_END_PX = 24;

interface LogLinesProps {
  run: RunDetail;
  choice: LogChoice;
  total: number;
  follow: boolean;
  /** The reader scrolled up. */
  onPause: () => void;
  /** Text to mark, and the position of the line to show. */
  found: string;
  target: number | null;
}

/** The lines in sight, however many there are; pages are fetched as they come into view. */
export function LogLines({ run, choice, total, follow, onPause, found, target }: LogLinesProps) {
  const [, change] = useView();
  const box = useRef<HTMLDivElement>(null);
  const lastTop = useRef(0);
  const lines = useVirtualizer({
    count: total,
    getScrollElement: () => box.current,
    estimateSize: () => LINE_PX,
    overscan: 20,
  });
  const visible = lines.getVirtualItems();
  const pages = [...new Set(visible.map(({ index }) => Math.floor(index / LOG_PAGE)))];
  const answers = useQueries({
    queries: pages.map((page) => logPageQuery(run.id, choice, page, Math.min(LOG_PAGE, total - page * LOG_PAGE))),
  });
  const loaded = new Map(pages.map((page, index) => [page, answers[index]?.data?.lines]));
  const lineAt = (index: number) => loaded.get(Math.floor(index / LOG_PAGE))?.[index % LOG_PAGE];

  useEffect(() => {
    if (follow && total > 0) lines.scrollToIndex(total - 1, { align: "end" });
  }, [follow, total, lines]);
  useEffect(() => {
    if (target !== null) lines.scrollToIndex(target, { align: "center" });
  }, [target, lines]);

  /** Only upwards: while it follows, the list itself scrolls down. */
  const scrolled = () => {
    const element = box.current;
    if (element === null) return;
    const up = element.scrollTop < lastTop.current;
    const atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END_PX;
    lastTop.current = element.scrollTop;
    if (up && !atEnd && follow) onPause();
  };

  return (
    <Box pos="relative">
      <div
        ref={box}
        className={`card ${classes.log}`}
        role="log"
        aria-label="Log"
        aria-live="off"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled box needs the keyboard
        tabIndex={0}
        onScroll={scrolled}
        data-testid="log"
      >
        {total === 0 && (
          <Empty title={Object.keys(choice).length === 0 ? "Nothing has been written yet" : "No line is like that"} />
        )}
        <div style={{ height: lines.getTotalSize(), position: "relative" }}>
          {visible.map(({ index, start }) => (
            <div
              key={index}
              ref={lines.measureElement}
              data-index={index}
              className={classes.place}
              style={{ transform: `translateY(${start}px)` }}
            >
              <Line line={lineAt(index)} attempts={run.attempt > 1} found={found} current={index === target} />
            </div>
          ))}
        </div>
      </div>
      {!follow && total > 0 && (
        <Button
          pos="absolute"
          right={20}
          bottom={12}
          leftSection={<IconArrowDown size={14} />}
          onClick={() => change({ follow: undefined })}
          data-testid="log-to-end"
        >
          Follow from the end
        </Button>
      )}
    </Box>
  );
}

interface LineProps {
  line: LogLine | undefined;
  attempts: boolean;
  found: string;
  current: boolean;
}

function Line({ line, attempts, found, current }: LineProps) {
  if (line === undefined) return <div className={classes.line}>…</div>;
  return (
    <div className={classes.line} data-tone={tone(line.text)} data-current={current || undefined}>
      <span className={classes.when} title={stamp(line.at)}>
        {clock(line.at)}
        {attempts && ` #${line.attempt}`}
      </span>
      <span>
        {marked(line.text, found).map(({ text, hit }, index) =>
          hit ? (
            // biome-ignore lint/suspicious/noArrayIndexKey: parts of one line never move
            <mark key={index}>{text}</mark>
          ) : (
            text
          ),
        )}
      </span>
    </div>
  );
}
