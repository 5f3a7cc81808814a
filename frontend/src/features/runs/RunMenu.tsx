import { ActionIcon, Menu } from "@mantine/core";
import { IconCopy, IconDots, IconNotes, IconTrash } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import type { RunSummary } from "~/api/types";
import { MenuLink } from "~/components/MenuLink";
import { isActive } from "~/lib/runState";

const DeleteRun = lazy(() => import("~/components/DeleteRun"));
const NotesDialog = lazy(() => import("./NotesDialog"));

/** What can be done with a run from its row. */
export function RunMenu({ run }: { run: RunSummary }) {
  const [deleting, setDeleting] = useState(false);
  const [noting, setNoting] = useState(false);
  return (
    <>
      <Menu>
        <Menu.Target>
          <ActionIcon aria-label={`Actions for ${run.name}`}>
            <IconDots size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <MenuLink to="/launch" search={{ clone: run.id }} leftSection={<IconCopy size={15} />}>
            Clone into the launch form
          </MenuLink>
          <Menu.Item leftSection={<IconNotes size={15} />} onClick={() => setNoting(true)}>
            Notes…
          </Menu.Item>
          <Menu.Item
            color="red"
            leftSection={<IconTrash size={15} />}
            disabled={isActive(run.state)}
            title={isActive(run.state) ? "Stop the run first" : undefined}
            onClick={() => setDeleting(true)}
          >
            Delete…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Suspense>{deleting && <DeleteRun run={run} onClose={() => setDeleting(false)} />}</Suspense>
      <Suspense>{noting && <NotesDialog run={run} onClose={() => setNoting(false)} />}</Suspense>
    </>
  );
}
