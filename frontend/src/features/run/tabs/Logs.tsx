import { ActionIcon, SegmentedControl, Select, Switch, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconChevronDown, IconChevronUp, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type LogChoice, logHeadQuery, logMatchesQuery } from "~/api/logs";
import type { RunDetail } from "~/api/types";
import { ErrorBox } from "~/components/ErrorBox";
import { Loading } from "~/components/Loading";
import { useView } from "~/components/useView";
import { flag, integer, oneOf } from "~/lib/urlParams";
import { LogExport } from "./LogExport";
import { LogLines } from "./LogLines";
import classes from "./Logs.module.css";

const LEVELS = ["all", "warning", "error"] as const;

/** What the trainer and its supervisor wrote. */
export default function Logs({ run }: { run: RunDetail }) {
  const [search, change] = useView();
  const attempt = integer(search.attempt);
  const level = oneOf(search.level, LEVELS, "all");
  const choice: LogChoice = {
    ...(attempt === null ? {} : { attempt }),
    ...(level === "all" ? {} : { level }),
  };
  const { data: head, error, refetch } = useQuery(logHeadQuery(run.id, choice));
  const [wanted] = useDebouncedValue((search.find ?? "").trim(), 200);
  const { data: matches } = useQuery(logMatchesQuery(run.id, choice, wanted));
  const positions = wanted === "" ? [] : (matches?.positions ?? []);
  const [place, setPlace] = useState(0);
  const follow = flag(search.follow, true);
  const at = Math.min(place, Math.max(0, positions.length - 1));

  const jump = (by: number) => {
    if (positions.length === 0) return;
    setPlace((at + by + positions.length) % positions.length);
    change({ follow: "0" });
  };

  if (error && !head)
    return <ErrorBox title="The log could not be read" error={error} onRetry={() => void refetch()} />;
  if (!head) return <Loading label="Reading the log" />;
  return (
    <>
      <div className={classes.toolbar}>
        <TextInput
          w={240}
          placeholder="Find in the log"
          aria-label="Find in the log"
          leftSection={<IconSearch size={14} />}
          value={search.find ?? ""}
          onChange={(event) => {
            setPlace(0);
            change({ find: event.currentTarget.value, ...(event.currentTarget.value ? { follow: "0" } : {}) });
          }}
          onKeyDown={(event) => {
            if (event.key === "Enter") jump(event.shiftKey ? -1 : 1);
          }}
          data-testid="log-find"
        />
        {wanted !== "" && (
          <span className={classes.matches}>
            <output data-testid="log-matches">
              {positions.length === 0
                ? "no line has this text"
                : `${(at + 1).toLocaleString("en")} of ${(matches?.total ?? 0).toLocaleString("en")} lines`}
            </output>
            <ActionIcon aria-label="Previous match" onClick={() => jump(-1)}>
              <IconChevronUp size={15} />
            </ActionIcon>
            <ActionIcon aria-label="Next match" onClick={() => jump(1)}>
              <IconChevronDown size={15} />
            </ActionIcon>
          </span>
        )}
        <SegmentedControl
          aria-label="Which lines"
          data={[
            { value: "all", label: "All lines" },
            { value: "warning", label: "Warnings" },
            { value: "error", label: "Errors" },
          ]}
          value={level}
          onChange={(next) => change({ level: next === "all" ? undefined : next })}
          data-testid="log-level"
        />
        {head.attempts.length > 1 && (
          <Select
            w={130}
            aria-label="Attempt"
            placeholder="all attempts"
            data={head.attempts.map((number) => ({ value: String(number), label: `attempt ${number}` }))}
            value={attempt === null ? null : String(attempt)}
            onChange={(next) => change({ attempt: next ?? undefined })}
            clearable
          />
        )}
        <Switch
          label="Follow"
          checked={follow}
          onChange={(event) => change({ follow: event.currentTarget.checked ? undefined : "0" })}
          data-testid="log-follow"
        />
        <span className={classes.end}>
          <span className="soft">{head.total.toLocaleString("en")} lines</span>
          <LogExport run={run} choice={choice} total={head.total} />
        </span>
      </div>
      <LogLines
        key={`${attempt} ${level}`}
        run={run}
        choice={choice}
        total={head.total}
        follow={follow}
        onPause={() => change({ follow: "0" })}
        found={wanted}
        target={positions[at] ?? null}
      />
    </>
  );
}
