import { Switch, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef } from "react";
import { logsQuery } from "~/api/runs";
import type { RunDetail } from "~/api/types";
import { Empty } from "~/components/Empty";
import { ErrorBox } from "~/components/ErrorBox";
import { Loading } from "~/components/Loading";
import { useView } from "~/components/useView";
import { clock } from "~/lib/format";
import { flag } from "~/lib/urlParams";
import classes from "./Logs.module.css";

const MOST_SHOWN = 3000;

/** What the trainer and its supervisor wrote. */
export default function Logs({ run }: { run: RunDetail }) {
  const { data, error, refetch } = useQuery(logsQuery(run.id));
  const [search, change] = useView();
  const box = useRef<HTMLDivElement>(null);
  const follow = flag(search.follow, true);
  const wanted = (search.find ?? "").toLowerCase();
  const lines = useMemo(() => {
    const all = data?.lines ?? [];
    return (wanted === "" ? all : all.filter(({ text }) => text.toLowerCase().includes(wanted))).slice(-MOST_SHOWN);
  }, [data, wanted]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: every new line scrolls to the end
  useEffect(() => {
    const element = box.current;
    if (follow && element) element.scrollTop = element.scrollHeight;
  }, [lines, follow]);

  if (error && !data)
    return <ErrorBox title="The log could not be read" error={error} onRetry={() => void refetch()} />;
  if (!data) return <Loading label="Reading the log" />;
  return (
    <>
      <div className={classes.toolbar}>
        <TextInput
          size="xs"
          w={260}
          placeholder="Find in the log"
          aria-label="Find in the log"
          leftSection={<IconSearch size={14} />}
          value={search.find ?? ""}
          onChange={(event) => change({ find: event.currentTarget.value })}
        />
        <Switch
          size="xs"
          label="Follow"
          checked={follow}
          onChange={(event) => change({ follow: event.currentTarget.checked ? undefined : "0" })}
        />
        <span className="soft">
          {lines.length} of {data.total} lines
        </span>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled box needs the keyboard */}
      <div ref={box} className={`card ${classes.log}`} role="log" aria-label="Log" tabIndex={0} data-testid="log">
        {lines.length === 0 && (
          <Empty title={data.total === 0 ? "Nothing has been written yet" : "No line has this text"} />
        )}
        {lines.map((line) => (
          <div key={line.id} className={classes.line} data-tone={tone(line.text)}>
            <span className={classes.when}>
              {clock(line.at)}
              {run.attempt > 1 && ` #${line.attempt}`}
            </span>
            <span>{line.text}</span>
          </div>
        ))}
      </div>
    </>
  );
}

function tone(text: string): string | undefined {
  if (/\b(error|exception|traceback|failed|refused)\b/i.test(text)) return "bad";
  return /\bwarn(ing)?\b/i.test(text) ? "warn" : undefined;
}
