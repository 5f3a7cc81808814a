import { Button, Checkbox, Group, Select } from "@mantine/core";
import { IconChecks } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { type AlertFilter, alertFeedQuery, signaturesQuery, unseenAlertsQuery } from "~/api/alerts";
import type { AlertKind, Severity } from "~/api/types";
import { AlertList } from "~/components/alerts/AlertList";
import { useMarkSeen } from "~/components/alerts/useMarkSeen";
import { Empty } from "~/components/Empty";
import { Unread } from "~/components/Unread";
import { useView, type View } from "~/components/useView";
import { flag, oneOf } from "~/lib/urlParams";

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
      <Group gap="8px 16px" mb={12} role="search">
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
        {waiting > 0 && (
          <Button
            ml="auto"
            leftSection={<IconChecks size={15} />}
            loading={seen.isPending}
            onClick={() => seen.mutate({})}
            data-testid="all-seen"
          >
            Mark all {waiting} as seen
          </Button>
        )}
      </Group>
      {!feed.data && <Unread what="the alerts" query={feed} />}
      {feed.data && alerts.length === 0 && <Nothing filtered={Object.keys(filter).length > 0} />}
      <AlertList alerts={alerts} testId="alert-feed" />
      {feed.hasNextPage && (
        <Button
          display="block"
          mx="auto"
          mt={12}
          loading={feed.isFetchingNextPage}
          onClick={() => void feed.fetchNextPage()}
        >
          Show older alerts
        </Button>
      )}
    </>
  );
}

function Nothing({ filtered }: { filtered: boolean }) {
  const [, change] = useView();
  if (filtered) {
    const all = { kind: undefined, severity: undefined, unseen: undefined, holding: undefined };
    return (
      <Empty card title="No alert matches" action={<Button onClick={() => change(all)}>Show all alerts</Button>} />
    );
  }
  const way = <Button onClick={() => change({ section: "rules" })}>See what is watched, and add a rule</Button>;
  return (
    <Empty card title="No alert has been raised" action={way}>
      Every step of every run is checked for the known failure signatures and for your rules.
    </Empty>
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
