import { ActionIcon, Group, Select, Switch, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconChevronDown, IconChevronUp, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type LogChoice, logHeadQuery, logMatchesQuery } from "~/api/logs";
import type { RunDetail } from "~/api/types";
import { Choice } from "~/components/Choice";
import { Unread } from "~/components/Unread";
import { useView } from "~/components/useView";
import { flag, integer, oneOf } from "~/lib/urlParams";
import { LogExport } from "./LogExport";
import { LogLines } from "./LogLines";

const LEVELS = { all: "All lines", warning: "Warnings", error: "Errors" };

/** What the trainer and its supervisor wrote. */
export default function Logs({ run }: { run: RunDetail }) {
  const [search, change] = useView();
  const attempt = integer(search.attempt);
  const level = oneOf(search.level, ["warning", "error"], "");
  const choice: LogChoice = {
    ...(attempt === null ? {} : { attempt }),
    ...(level === "" ? {} : { level }),
  };
  const query = useQuery(logHeadQuery(run.id, choice));
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

  if (!query.data) return <Unread what="the log" query={query} />;
  const { attempts, total } = query.data;
  return (
    <>
      <Group gap="8px 16px" mb={8} fz={13}>
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
          <Group gap={6} wrap="nowrap">
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
          </Group>
        )}
        <Choice name="level" label="Which lines" choices={LEVELS} testId="log-level" />
        {attempts.length > 1 && (
          <Select
            w={130}
            aria-label="Attempt"
            placeholder="all attempts"
            data={attempts.map((number) => ({ value: String(number), label: `attempt ${number}` }))}
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
        <Group gap={6} wrap="nowrap" ml="auto" className="nowrap">
          <span className="soft">{total.toLocaleString("en")} lines</span>
          <LogExport run={run} choice={choice} total={total} />
        </Group>
      </Group>
      <LogLines
        key={`${attempt} ${level}`}
        run={run}
        choice={choice}
        total={total}
        follow={follow}
        onPause={() => change({ follow: "0" })}
        found={wanted}
        target={positions[at] ?? null}
      />
    </>
  );
}
