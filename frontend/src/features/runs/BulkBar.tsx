import { Button, CloseButton } from "@mantine/core";
import {
  IconColumns2,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerStop,
  IconStack2,
  IconTag,
  IconTrash,
} from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { runKeys } from "~/api/runs";
import type { RunList } from "~/api/types";
import { ButtonLink } from "~/components/ButtonLink";
import { MOST_ENTRIES } from "~/lib/compared";
import classes from "./BulkBar.module.css";
import type { DialogKind } from "./BulkDialog";
import { CurvesButton } from "./CurvesButton";
import { type BulkTarget, useBulk } from "./useBulk";
import type { RunsView } from "./useRunsView";
import type { Selection } from "./useSelection";

const BulkDialog = lazy(() => import("./BulkDialog"));
const BulkResults = lazy(() => import("./BulkResults"));

interface BulkBarProps {
  view: RunsView;
  selection: Selection;
  query: string;
  total: number;
  /** Of the runs in sight. */
  shown: readonly string[];
}

/** What can be done with the chosen runs. */
export function BulkBar({ view, selection, query, total, shown }: BulkBarProps) {
  const [dialog, setDialog] = useState<DialogKind | null>(null);
  const ids = [...selection.ids];
  const names = useNames();
  const target: BulkTarget = selection.all ? { query, expected: total, names: [] } : { ids, names: ids.map(names) };
  const bulk = useBulk(target, selection.clear);
  const count = selection.all ? total : ids.length;
  const compared = selection.all && shown.length === total ? shown : ids;
  const comparable = compared.length >= 2 && compared.length <= MOST_ENTRIES;

  return (
    <>
      {count > 0 && (
        <section
          className={classes.bulk}
          aria-label="Chosen runs"
          data-beside={view.curves !== undefined || undefined}
          data-testid="bulk-bar"
        >
          <strong className={classes.bulkCount}>{selection.all ? `All ${total}` : count} selected</strong>
          {!selection.all && count < total && (
            <Button variant="subtle" onClick={selection.addAll} data-testid="select-matching">
              Select all {total}
            </Button>
          )}
          <CurvesButton view={view} testId="curves-selected" soon />
          <ButtonLink
            to="/compare"
            search={{ runs: compared.join(",") }}
            leftSection={<IconColumns2 size={15} />}
            disabled={!comparable}
            data-disabled={!comparable || undefined}
            onClick={(event: React.MouseEvent) => !comparable && event.preventDefault()}
            title={comparable ? undefined : `Select 2 to ${MOST_ENTRIES} runs to compare them`}
            data-testid="compare-selected"
          >
            Compare
          </ButtonLink>
          <Command action="pause" label="Pause" Icon={IconPlayerPause} bulk={bulk} />
          <Command action="resume" label="Resume" Icon={IconPlayerPlay} bulk={bulk} />
          <Command action="stop" label="Stop" Icon={IconPlayerStop} bulk={bulk} />
          <Opener kind="tags" label="Tags…" Icon={IconTag} open={setDialog} />
          <Opener kind="group" label="Group…" Icon={IconStack2} open={setDialog} />
          <Opener kind="delete" label="Delete…" Icon={IconTrash} open={setDialog} />
          <CloseButton aria-label="Select none" onClick={selection.clear} />
        </section>
      )}
      <Suspense>
        {dialog !== null && (
          <BulkDialog kind={dialog} target={target} count={count} bulk={bulk} onClose={() => setDialog(null)} />
        )}
        {bulk.refused !== null && <BulkResults refused={bulk.refused} onClose={bulk.forget} />}
      </Suspense>
    </>
  );
}

/** Names of runs that some table has shown; the id of another. */
function useNames(): (id: string) => string {
  const cache = useQueryClient();
  return (id) => {
    const shown = cache.getQueriesData<RunList>({ queryKey: runKeys.lists }).flatMap(([, list]) => list?.runs ?? []);
    return shown.find((run) => run.id === id)?.name ?? id;
  };
}

interface CommandProps {
  action: "pause" | "resume" | "stop";
  label: string;
  Icon: typeof IconTag;
  bulk: ReturnType<typeof useBulk>;
}

function Command({ action, label, Icon, bulk }: CommandProps) {
  return (
    <Button
      leftSection={<Icon size={15} />}
      loading={bulk.pending === action}
      onClick={() => bulk.act({ action })}
      data-testid={`bulk-${action}`}
    >
      {label}
    </Button>
  );
}

interface OpenerProps {
  kind: DialogKind;
  label: string;
  Icon: typeof IconTag;
  open: (kind: DialogKind) => void;
}

function Opener({ kind, label, Icon, open }: OpenerProps) {
  return (
    <Button leftSection={<Icon size={15} />} onClick={() => open(kind)} data-testid={`bulk-${kind}`}>
      {label}
    </Button>
  );
}
