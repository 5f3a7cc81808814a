import { ActionIcon, Menu } from "@mantine/core";
import {
  IconColumns2,
  IconCopy,
  IconDots,
  IconExternalLink,
  IconEye,
  IconEyeOff,
  IconNotes,
  IconPencil,
  IconPin,
  IconPinnedOff,
  IconTrash,
} from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import type { RunSummary } from "~/api/types";
import { MenuLink } from "~/components/MenuLink";
import { MOST_ENTRIES } from "~/lib/compared";
import { isActive } from "~/lib/runState";
import type { RunsView } from "./useRunsView";
import type { Selection } from "./useSelection";

const DIALOGS = {
  rename: lazy(() => import("./RenameDialog")),
  notes: lazy(() => import("./NotesDialog")),
  delete: lazy(() => import("~/components/DeleteRun")),
};

interface RunMenuProps {
  run: RunSummary;
  view: RunsView;
  selection: Selection;
}

/** What can be done with a run from its row. */
export function RunMenu({ run, view, selection }: RunMenuProps) {
  const [dialog, setDialog] = useState<keyof typeof DIALOGS | null>(null);
  const Dialog = dialog && DIALOGS[dialog];
  const active = isActive(run.state);
  return (
    <>
      <Menu>
        <Menu.Target>
          <ActionIcon aria-label={`Actions for ${run.name}`} data-testid={`actions-${run.id}`}>
            <IconDots size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <MenuLink to="/runs/$runId" params={{ runId: run.id }} leftSection={<IconExternalLink size={15} />}>
            Open
          </MenuLink>
          <Compare run={run} selection={selection} />
          <Menu.Item leftSection={<IconPencil size={15} />} onClick={() => setDialog("rename")}>
            Rename…
          </Menu.Item>
          <Menu.Item leftSection={<IconNotes size={15} />} onClick={() => setDialog("notes")}>
            Notes…
          </Menu.Item>
          <MenuLink to="/launch" search={{ clone: run.id }} leftSection={<IconCopy size={15} />}>
            Clone into the launch form
          </MenuLink>
          <Menu.Divider />
          {view.marked.pinned.has(run.id) ? (
            <Menu.Item leftSection={<IconPinnedOff size={15} />} onClick={() => view.mark("pinned", run.id)}>
              Unpin
            </Menu.Item>
          ) : (
            <Menu.Item leftSection={<IconPin size={15} />} onClick={() => view.mark("pinned", run.id)}>
              Pin to the top
            </Menu.Item>
          )}
          {view.marked.hidden.has(run.id) ? (
            <Menu.Item leftSection={<IconEye size={15} />} onClick={() => view.mark("hidden", run.id)}>
              Show in the curves
            </Menu.Item>
          ) : (
            <Menu.Item leftSection={<IconEyeOff size={15} />} onClick={() => view.mark("hidden", run.id)}>
              Hide from the curves
            </Menu.Item>
          )}
          <Menu.Divider />
          <Menu.Item
            color="red"
            leftSection={<IconTrash size={15} />}
            disabled={active}
            title={active ? "Stop the run first" : undefined}
            onClick={() => setDialog("delete")}
          >
            Delete…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Suspense>{Dialog && <Dialog run={run} onClose={() => setDialog(null)} />}</Suspense>
    </>
  );
}

/** With the selected runs, where these are few enough; else the page asks with which. */
function Compare({ run, selection }: Omit<RunMenuProps, "view">) {
  const others = [...selection.ids].filter((id) => id !== run.id);
  const together = !selection.all && others.length > 0 && others.length < MOST_ENTRIES;
  return (
    <MenuLink
      to="/compare"
      search={{ runs: [run.id, ...(together ? others : [])].join(",") }}
      leftSection={<IconColumns2 size={15} />}
    >
      {!together
        ? "Compare with…"
        : `Compare with the ${others.length === 1 ? "selected run" : `${others.length} selected`}`}
    </MenuLink>
  );
}
