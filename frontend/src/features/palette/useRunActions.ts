import { IconColumns2, IconCopy, IconLayoutNavbar } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { runQuery } from "~/api/runs";
import { plainRequest, STEERING } from "~/components/commands/steering";
import { useCommand } from "~/components/commands/useCommand";
import { notify } from "~/components/notify";
import { tabGroups } from "~/components/runTabs";
import type { PaletteAction, PaletteGroup } from "./actions";

/** What can be done with the run on screen: steer it, open its tabs, compare it, clone it. */
export function useRunActions(runId: string | undefined, chooseOther: () => void): PaletteGroup[] {
  const navigate = useNavigate();
  const { data: run } = useQuery({ ...runQuery(runId ?? ""), enabled: runId !== undefined });
  const command = useCommand(runId ?? "");
  if (run === undefined || runId === undefined) return [];
  const pending = new Set(run.commands_pending.map((given) => given.command));
  const steering: PaletteAction[] = STEERING.filter(
    ({ command: name }) => run.possible.includes(name) && !pending.has(name),
  ).map(({ command: name, label, help, Icon }) => ({
    id: `steer-${name}`,
    label,
    description: help,
    Icon,
    run: () => command.mutate(plainRequest(name), { onSuccess: () => notify(`${label}: asked of ${run.name}`) }),
  }));
  return [
    {
      label: run.name,
      actions: [
        ...steering,
        ...tabGroups(run).flatMap(({ tabs }) =>
          tabs.map(({ name, label }) => ({
            id: `open-tab-${name}`,
            label: `Open ${label}`,
            Icon: IconLayoutNavbar,
            run: () =>
              void navigate({
                to: "/runs/$runId",
                params: { runId },
                search: (before) => ({ ...before, tab: name }),
                resetScroll: false,
              }),
          })),
        ),
        {
          id: "compare-with",
          label: "Compare with…",
          description: "Choose the other run next",
          Icon: IconColumns2,
          stays: true,
          run: chooseOther,
        },
        {
          id: "clone",
          label: "Clone into the launch form",
          Icon: IconCopy,
          run: () => void navigate({ to: "/launch", search: { clone: runId } }),
        },
      ],
    },
  ];
}
