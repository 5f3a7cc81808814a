import { Button, Checkbox, Select } from "@mantine/core";
import { IconChecks } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { type AlertFilter, alertFeedQuery, signaturesQuery, unseenAlertsQuery } from "~/api/alerts";
import type { AlertKind, Severity } from "~/api/types";
import { AlertList } from "~/components/alerts/AlertList";
import { useMarkSeen } from "~/components/alerts/useMarkSeen";
import { Empty } from "~/components/Empty";
import { ErrorBox } from "~/components/ErrorBox";
import { Loading } from "~/components/Loading";
import { useView, type View } from "~/components/useView";
import { flag, oneOf } from "~/lib/urlParams";
import classes from "./Alerts.module.css";

const SEVERITIES: Severity[] = ["critical", "warning"];

/** Every alert, newest first, with the filters that the address holds. */
export function AlertFeed() {
  const [search, change] = useView();
  const { data: signatures = [] } = useQuery(signaturesQuery());
  const kinds = [
    { value: "rule", label: "A rule of yours" },
    ...signatures.map(({ kind, title }) => ({ value: kind, label: title })),
  ];
  const filter = filterOf(search);
  const feed = useInfiniteQuery(alertFeedQuery(filter));
  const { data: unseen } = useQuery(unseenAlertsQuery());
  const seen = useMarkSeen();
  const alerts = feed.data?.pages.flatMap((page) => page.alerts) ?? [];
  const waiting = (unseen?.warning ?? 0) + (unseen?.critical ?? 0);

  return (
    <>
      <search className={classes.filters}>
        <Select
          w={300}
          placeholder="Any kind"
          aria-label="Filter by kind"
          data={kinds}
          value={search.kind ?? null}
          onChange={(kind) => change({ kind: kind ?? undefined })}
          clearable
        />
        <Select
          w={150}
          placeholder="Any severity"
          aria-label="Filter by severity"
          data={SEVERITIES}
          value={filter.severity ?? null}
          onChange={(severity) => change({ severity: severity ?? undefined })}
          clearable
        />
        <Checkbox
          label="Not seen yet"
          checked={filter.unseen === true}
          onChange={(event) => change({ unseen: event.currentTarget.checked ? "1" : undefined })}
        />
        <Checkbox
          label="Ongoing"
          checked={filter.holding === true}
          onChange={(event) => change({ holding: event.currentTarget.checked ? "1" : undefined })}
        />
        <span className={classes.total}>
          {waiting > 0 && (
            <Button
              leftSection={<IconChecks size={15} />}
              loading={seen.isPending}
              onClick={() => seen.mutate({})}
              data-testid="all-seen"
            >
              Mark all {waiting} as seen
            </Button>
          )}
        </span>
      </search>
      {feed.error && (
        <ErrorBox title="The alerts could not be read" error={feed.error} onRetry={() => void feed.refetch()} />
      )}
      {feed.isPending && <Loading label="Reading the alerts" />}
      {feed.data && alerts.length === 0 && <Nothing filtered={Object.keys(filter).length > 0} />}
      <AlertList alerts={alerts} testId="alert-feed" />
      {feed.hasNextPage && (
        <div className={classes.more}>
          <Button loading={feed.isFetchingNextPage} onClick={() => void feed.fetchNextPage()}>
            Show older alerts
          </Button>
        </div>
      )}
    </>
  );
}

function Nothing({ filtered }: { filtered: boolean }) {
  const [, change] = useView();
  return (
    <div className="card">
      <Empty
        title={filtered ? "No alert matches" : "No alert has been raised"}
        action={
          <Button
            onClick={() =>
              change(
                filtered
                  ? { kind: undefined, severity: undefined, unseen: undefined, holding: undefined }
                  : { section: "rules" },
              )
            }
          >
            {filtered ? "Show all alerts" : "See what is watched, and add a rule"}
          </Button>
        }
      >
        {!filtered && "Every step of every run is checked for the known failure signatures and for your rules."}
      </Empty>
    </div>
  );
}

function filterOf(search: View): AlertFilter {
  const severity = oneOf<Severity | "">(search.severity, SEVERITIES, "");
  return {
    ...(search.kind ? { kind: search.kind as AlertKind } : {}),
    ...(severity === "" ? {} : { severity }),
    ...(flag(search.unseen) ? { unseen: true } : {}),
    ...(flag(search.holding) ? { holding: true } : {}),
  };
}
