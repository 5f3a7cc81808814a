import { Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { historyQuery } from "~/api/runs";
import type { CommandOut, RunDetail } from "~/api/types";
import { inOneLine, placeOf, together } from "~/components/commands/outcome";
import { notify } from "~/components/notify";
import classes from "./RunHeader.module.css";

/** Over the progress, at its step: every command that the trainer has obeyed, and the way to what came of it. */
export function CommandMarks({ run }: { run: RunDetail }) {
  const { data } = useQuery(historyQuery(run.id));
  return (
    <ul className={classes.marks} aria-label="Commands that were obeyed">
      {together(data?.commands ?? [], run.total_steps).map(({ share, commands }) => {
        const label = commands.map(inOneLine).join("\n");
        const [first] = commands;
        const place = commands.length === 1 && first ? placeOf(first) : { tab: "steering", audit: "command" };
        return (
          <li key={first?.id} style={{ left: `${100 * share}%` }}>
            <Tooltip label={<span className={classes.lines}>{label}</span>} w={280}>
              <Link
                to="."
                search={(before) => ({ ...before, tab: undefined, ...place })}
                resetScroll={false}
                data-ok={commands.every(({ ok }) => ok)}
                aria-label={label}
                data-testid={`command-mark-${first?.id}`}
              />
            </Tooltip>
          </li>
        );
      })}
    </ul>
  );
}

/** A toast for each command that is finished while the page is open, whoever gave it. */
export function useCommandNews({ id }: RunDetail) {
  const { data } = useQuery(historyQuery(id));
  const commands = data?.commands;
  const told = useRef<Set<number> | null>(null);
  useEffect(() => {
    if (commands === undefined) return;
    const done = commands.filter(({ done_at }) => done_at !== null);
    const before = told.current;
    told.current = new Set(done.map((command) => command.id));
    if (before !== null) for (const command of done) if (!before.has(command.id)) tell(id, command);
  }, [id, commands]);
}

function tell(runId: string, command: CommandOut) {
  const place = { runId, search: placeOf(command) };
  notify(inOneLine(command), command.ok === false ? "The trainer refused" : undefined, place);
}
