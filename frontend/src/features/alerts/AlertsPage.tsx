import { Tabs } from "@mantine/core";
import { lazy, Suspense } from "react";
import { Loading } from "~/components/Loading";
import { useView } from "~/components/useView";
import { oneOf } from "~/lib/urlParams";
import { AlertFeed } from "./AlertFeed";

const SECTIONS = {
  feed: { label: "Alerts", Body: AlertFeed },
  rules: { label: "Rules", Body: lazy(() => import("./Rules")) },
  webhooks: { label: "Webhooks", Body: lazy(() => import("./Webhooks")) },
} as const;

type SectionName = keyof typeof SECTIONS;
const NAMES = Object.keys(SECTIONS) as SectionName[];

/** What needs a look in any run, what to look for, and who else is told. */
export function AlertsPage() {
  const [search, change] = useView();
  const open = oneOf(search.section, NAMES, "feed");
  const { Body } = SECTIONS[open];
  return (
    <div className="page">
      <div className="page-head">
        <h1>Alerts</h1>
      </div>
      <Tabs
        value={open}
        onChange={(next) => change({ section: next === "feed" ? undefined : (next ?? undefined) })}
        keepMounted={false}
      >
        <Tabs.List>
          {NAMES.map((name) => (
            <Tabs.Tab key={name} value={name} data-testid={`section-${name}`}>
              {SECTIONS[name].label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={open} pt={12}>
          <Suspense fallback={<Loading />}>
            <Body />
          </Suspense>
        </Tabs.Panel>
      </Tabs>
    </div>
  );
}
