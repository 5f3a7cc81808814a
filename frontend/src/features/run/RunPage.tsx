import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { ApiError } from "~/api/client";
import { runQuery } from "~/api/runs";
import type { RunDetail } from "~/api/types";
import { ButtonLink } from "~/components/ButtonLink";
import { Empty } from "~/components/Empty";
import { tabGroups } from "~/components/runTabs";
import { Unread } from "~/components/Unread";
import { useView } from "~/components/useView";
import { oneOf } from "~/lib/urlParams";
import { useCommandNews } from "./CommandMarks";
import { FailureBox } from "./FailureBox";
import { RunHeader } from "./RunHeader";
import classes from "./RunPage.module.css";
import { RunTabs } from "./RunTabs";
import { StickyHeader } from "./StickyHeader";

/** One run, live: all that is known of it begins on its first tab, every other tab is under a line that stays in sight. */
export function RunPage() {
  const { runId } = useParams({ from: "/runs/$runId" });
  const query = useQuery(runQuery(runId));
  const run = query.data;
  if (run !== undefined) {
    return (
      <div className="page" key={runId}>
        <Parts run={run} />
      </div>
    );
  }
  const gone = query.error instanceof ApiError && query.error.status === 404;
  return (
    <div className="page">
      {gone ? (
        <Empty title={`There is no run ${runId}`} action={<ButtonLink to="/runs">See all runs</ButtonLink>}>
          It may have been deleted.
        </Empty>
      ) : (
        <Unread what="the run" query={query} />
      )}
    </div>
  );
}

function Parts({ run }: { run: RunDetail }) {
  const [search] = useView();
  useCommandNews(run);
  const groups = tabGroups(run);
  const names = groups.flatMap(({ tabs }) => tabs.map(({ name }) => name));
  const first = names[0] ?? "logs";
  const open = oneOf(search.tab, names, first);
  return (
    <>
      <button type="button" className={classes.skip} onClick={focusTabs}>
        Skip to the tabs
      </button>
      {open === first ? <RunHeader run={run} /> : <StickyHeader run={run} />}
      {open === first && run.state === "failed" && <FailureBox run={run} />}
      <RunTabs run={run} groups={groups} open={open} first={first} />
    </>
  );
}

function focusTabs() {
  document.querySelector<HTMLElement>('#main [role="tab"][aria-selected="true"]')?.focus();
}
