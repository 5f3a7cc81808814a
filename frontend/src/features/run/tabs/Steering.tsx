import { Group, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useId, useRef } from "react";
import { historyQuery } from "~/api/runs";
import type { CommandOut, RunDetail } from "~/api/types";
import { userName, writeUserName } from "~/api/userName";
import { Choice } from "~/components/Choice";
import { outcome } from "~/components/commands/outcome";
import { commandLabel, withArguments } from "~/components/commands/steering";
import { Empty } from "~/components/Empty";
import { StatePill } from "~/components/RunBits";
import { ScrollBox } from "~/components/ScrollBox";
import table from "~/components/table.module.css";
import { Unread } from "~/components/Unread";
import { useView } from "~/components/useView";
import { duration, moment } from "~/lib/format";
import { useStore } from "~/lib/store";
import { oneOf } from "~/lib/urlParams";
import { type Entry, timeline } from "./timeline";

const KINDS = { all: "Everything", command: "Commands", state: "States", attempt: "Attempts" };

/** Who asked for what and what the trainer did, every state and every attempt: one list in the order of time. */
export default function Steering({ run }: { run: RunDetail }) {
  const query = useQuery(historyQuery(run.id));
  const [search] = useView();
  if (!query.data) return <Unread what="the history" query={query} />;
  const shown = oneOf(search.audit, Object.keys(KINDS), "all");
  const entries = timeline(query.data).filter(({ kind }) => shown === "all" || kind === shown);
  return (
    <section className="card" data-testid="audit">
      <Group gap="8px 16px" justify="space-between" p="10px 12px">
        <Choice name="audit" label="What to show" choices={KINDS} />
        <YourName />
      </Group>
      {entries.length === 0 ? (
        <Empty title={shown === "attempt" ? "No worker has taken it yet" : "Nobody has steered this run"} />
      ) : (
        <ScrollBox label="What was asked, and what came of it">
          <table className={`${table.table} ${table.cards}`}>
            <thead>
              <tr>
                <th>When</th>
                <th>What</th>
                <th>Who</th>
                <th>Steps</th>
                <th>What came of it</th>
              </tr>
            </thead>
            <tbody>
              {entries.map((entry) => (
                <Row
                  key={entry.key}
                  entry={entry}
                  meant={entry.kind === "command" && String(entry.command.id) === search.command}
                />
              ))}
            </tbody>
          </table>
        </ScrollBox>
      )}
    </section>
  );
}

/** Goes with every command that this browser gives from now on. */
function YourName() {
  const name = useStore(userName);
  const id = useId();
  return (
    <Group gap={8} fz={13} className="soft">
      <label htmlFor={id}>Your name in this list</label>
      <TextInput
        id={id}
        value={name}
        placeholder="web"
        maxLength={50}
        onChange={(event) => writeUserName(event.currentTarget.value)}
        data-testid="user-name"
      />
    </Group>
  );
}

function Row({ entry, meant }: { entry: Entry; meant: boolean }) {
  const row = useRef<HTMLTableRowElement>(null);
  useEffect(() => {
    if (meant) row.current?.scrollIntoView({ block: "center" });
  }, [meant]);
  return (
    <tr ref={row} data-kind={entry.kind} aria-current={meant || undefined}>
      <td data-head="When" className="nowrap">
        {moment(entry.at)}
      </td>
      {entry.kind === "command" && <Command command={entry.command} />}
      {entry.kind === "state" && (
        <>
          <td data-head="What">
            <StatePill state={entry.change.to_state} />
          </td>
          <td />
          <td />
          <td data-head="What came of it">{entry.change.reason}</td>
        </>
      )}
      {entry.kind === "attempt" && (
        <>
          <td data-head="What" className="nowrap">
            Attempt {entry.attempt.number} {entry.end ? "ended" : "began"}
          </td>
          <td data-head="Who" style={{ overflowWrap: "anywhere", minWidth: 120 }}>
            {entry.attempt.worker_id}
          </td>
          <td data-head="Steps" className="nowrap">
            {entry.end ? "" : from(entry.attempt.resumed_from)}
          </td>
          <td data-head="What came of it">{entry.end ? entry.attempt.outcome : ""}</td>
        </>
      )}
    </tr>
  );
}

function from(step: number | null): string {
  return step === null ? "from the beginning" : `from checkpoint ${step}`;
}

function Command({ command }: { command: CommandOut }) {
  const { asked_step: asked, obeyed_step: obeyed } = command;
  return (
    <>
      <td data-head="What">
        <strong style={{ fontWeight: 550 }}>{commandLabel(command.command)}</strong>
        {withArguments(command)}
      </td>
      <td data-head="Who">{command.actor}</td>
      <td data-head="Steps" className="nowrap">
        {asked !== null && `asked after ${asked}`}
        {asked !== null && obeyed !== null && ", "}
        {obeyed !== null && `obeyed at ${obeyed}`}
      </td>
      <td data-head="What came of it">
        {command.done_at === null
          ? outcome(command)
          : `${command.ok ? "done" : "refused"} after ${duration(command.done_at - command.created_at)}: ${command.result ?? ""}`}
      </td>
    </>
  );
}
