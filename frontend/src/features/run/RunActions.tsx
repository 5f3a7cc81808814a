import { ActionIcon, Box, Menu } from "@mantine/core";
import {
  IconColumns2,
  IconCopy,
  IconDots,
  IconFileZip,
  IconNote,
  IconPrinter,
  IconReport,
  IconTrash,
} from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { takeAway } from "~/api/exports";
import type { RunDetail } from "~/api/types";
import { errorText } from "~/components/ErrorBox";
import { MenuLink } from "~/components/MenuLink";
import { notify } from "~/components/notify";
import { printPage } from "~/components/printPage";
import { useView } from "~/components/useView";
import { isActive } from "~/lib/runState";

const DeleteRun = lazy(() => import("~/components/DeleteRun"));

export function RunActions({ run }: { run: RunDetail }) {
  const [deleting, setDeleting] = useState(false);
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [, change] = useView();
  const take = useMutation({
    mutationFn: (what: "export" | "report") => takeAway(run, what),
    onError: (error) => notify(errorText(error), "The run could not be taken away"),
  });
  return (
    <Box component="span" ml="auto">
      <Menu>
        <Menu.Target>
          <ActionIcon
            size="md"
            variant="default"
            aria-label="More actions"
            loading={take.isPending}
            data-testid="more-actions"
          >
            <IconDots size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {run.kind === "trained" && (
            <MenuLink to="/launch" search={{ clone: run.id }} leftSection={<IconCopy size={15} />}>
              Clone into the launch form
            </MenuLink>
          )}
          <MenuLink to="/compare" search={{ runs: run.id }} leftSection={<IconColumns2 size={15} />}>
            Compare with other runs
          </MenuLink>
          <Menu.Item leftSection={<IconNote size={15} />} onClick={() => change({ tab: undefined, notes: "edit" })}>
            {run.notes === "" ? "Write notes" : "Edit the notes"}
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item
            leftSection={<IconFileZip size={15} />}
            onClick={() => take.mutate("export")}
            data-testid="export-run"
          >
            Export all its numbers (ZIP of CSV)
          </Menu.Item>
          <Menu.Item
            leftSection={<IconReport size={15} />}
            onClick={() => take.mutate("report")}
            data-testid="report-run"
          >
            Report (one HTML page)
          </Menu.Item>
          <Menu.Item
            leftSection={<IconPrinter size={15} />}
            onClick={() => void printPage(queries)}
            data-testid="print-run"
          >
            Print this tab
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item
            color="red"
            leftSection={<IconTrash size={15} />}
            disabled={isActive(run.state)}
            onClick={() => setDeleting(true)}
          >
            Delete…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Suspense>
        {deleting && (
          <DeleteRun run={run} onClose={() => setDeleting(false)} onDeleted={() => void navigate({ to: "/runs" })} />
        )}
      </Suspense>
    </Box>
  );
}
