import { Tabs } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useRef } from "react";
import type { RunDetail } from "~/api/types";
import { Loading } from "~/components/Loading";
import type { Leaf, RunTab, TabGroup } from "~/components/runTabs";
import { useView } from "~/components/useView";
import { Notes } from "./Notes";
import classes from "./RunPage.module.css";
import Overview from "./tabs/Overview";

type Body = React.ComponentType<{ run: RunDetail }>;
const tab = (load: () => Promise<{ default: Body }>) => lazy(load);

const BODIES: Record<Leaf, Body> = {
  overview: Overview,
  curves: tab(() => import("./tabs/Curves")),
  board: tab(() => import("./board/BoardTab")),
  health: tab(() => import("./tabs/Health")),
  spectrum: tab(() => import("./tabs/Spectrum")),
  analyses: tab(() => import("./analyses/Analyses")),
  decisions: tab(() => import("./tabs/Decisions")),
  samples: tab(() => import("./tabs/Samples")),
  read: tab(() => import("./tabs/Read")),
  playground: tab(() => import("./playground/PlaygroundTab")),
  logs: tab(() => import("./tabs/Logs")),
  steering: tab(() => import("./tabs/Steering")),
  lineage: tab(() => import("./tabs/Lineage")),
  config: tab(() => import("./tabs/Config")),
  checkpoints: tab(() => import("./tabs/Checkpoints")),
};

interface RunTabsProps {
  run: RunDetail;
  groups: readonly TabGroup[];
  open: Leaf;
  first: Leaf;
}

/** The groups of tabs and the open one, which alone is loaded; it begins in view. */
export function RunTabs({ run, groups, open, first }: RunTabsProps) {
  const [, change] = useView();
  const group = groups.find(({ tabs }) => tabs.some(({ name }) => name === open));
  const Body = BODIES[open];
  useTopOnChange(open);
  return (
    <Tabs
      value={group?.name ?? null}
      onChange={(next) => {
        const leaf = groups.find(({ name }) => name === next)?.tabs[0]?.name;
        change({ tab: leaf === first ? undefined : leaf });
      }}
      keepMounted={false}
    >
      <Strip current={group?.name}>
        <Tabs.List aria-label="Parts of the run">
          {groups.map(({ name, label, tabs }) => (
            <Tabs.Tab key={name} value={name} data-testid={tabs.length > 1 ? `tabs-${name}` : `tab-${tabs[0]?.name}`}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
      </Strip>
      <Tabs.Panel value={group?.name ?? ""} pt={12}>
        {group && group.tabs.length > 1 && <Leaves group={group} open={open} first={first} />}
        {open === first && open !== "overview" && <Notes run={run} />}
        <h2 className="visually-hidden">{group?.tabs.find(({ name }) => name === open)?.label}</h2>
        <Suspense fallback={<Loading />}>
          <Body run={run} />
        </Suspense>
      </Tabs.Panel>
    </Tabs>
  );
}

function Leaves({ group, open, first }: { group: TabGroup; open: Leaf; first: Leaf }) {
  const to = (name: RunTab["name"]) => (name === first ? undefined : name);
  return (
    <Strip current={open}>
      <nav className={classes.leaves} aria-label={group.label}>
        {group.tabs.map(({ name, label }) => (
          <Link
            key={name}
            to="."
            search={(before) => ({ ...before, tab: to(name) })}
            replace
            resetScroll={false}
            aria-current={name === open ? "page" : undefined}
            data-testid={`tab-${name}`}
          >
            {label}
          </Link>
        ))}
      </nav>
    </Strip>
  );
}

/** On a phone it is wider than the page, which itself must not scroll; the current one is in sight. */
function Strip({ current, children }: { current: string | undefined; children: React.ReactNode }) {
  const strip = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is current is read from the page
  useEffect(() => {
    const box = strip.current;
    const tab = box?.querySelector<HTMLElement>('[aria-selected="true"], [aria-current="page"]');
    if (box && tab) box.scrollLeft = tab.offsetLeft - (box.clientWidth - tab.clientWidth) / 2;
  }, [current]);
  return (
    <div ref={strip} className={classes.strip}>
      {children}
    </div>
  );
}

/** What another tab shows begins at the top of the window, wherever the way to it was. */
function useTopOnChange(open: Leaf) {
  const before = useRef(open);
  useEffect(() => {
    if (before.current !== open) window.scrollTo({ top: 0 });
    before.current = open;
  }, [open]);
}
