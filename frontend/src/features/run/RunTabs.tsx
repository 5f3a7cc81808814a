import { Tabs } from "@mantine/core";
import { lazy, Suspense, useEffect, useRef } from "react";
import type { RunDetail } from "~/api/types";
import { Loading } from "~/components/Loading";
import { useView } from "~/components/useView";
import { oneOf } from "~/lib/urlParams";
import classes from "./RunPage.module.css";

const tab = (load: () => Promise<{ default: React.ComponentType<{ run: RunDetail }> }>) => lazy(load);

const TABS = {
  curves: { label: "Curves", Body: tab(() => import("./tabs/Curves")) },
  board: { label: "Board", Body: tab(() => import("./board/BoardTab")) },
  health: { label: "Health", Body: tab(() => import("./tabs/Health")) },
  spectrum: { label: "Spectrum", Body: tab(() => import("./tabs/Spectrum")) },
  analyses: { label: "Analyses", Body: tab(() => import("./analyses/Analyses")) },
  read: { label: "What they read", Body: tab(() => import("./tabs/Read")) },
  samples: { label: "Samples", Body: tab(() => import("./tabs/Samples")) },
  playground: { label: "Playground", Body: tab(() => import("./playground/PlaygroundTab")) },
  decisions: { label: "Decisions", Body: tab(() => import("./tabs/Decisions")) },
  logs: { label: "Logs", Body: tab(() => import("./tabs/Logs")) },
  steering: { label: "Steering", Body: tab(() => import("./tabs/Steering")) },
  lineage: { label: "Lineage", Body: tab(() => import("./tabs/Lineage")) },
  config: { label: "Configuration", Body: tab(() => import("./tabs/Config")) },
  checkpoints: { label: "Checkpoints", Body: tab(() => import("./tabs/Checkpoints")) },
} as const;

type TabName = keyof typeof TABS;
const NAMES = Object.keys(TABS) as TabName[];
const OF_TRAINING: readonly TabName[] = ["health", "read", "samples", "playground", "decisions", "checkpoints"];
const OF_ANALYSIS: readonly TabName[] = ["analyses", "logs", "steering", "lineage", "config"];
const OF_CHECK: readonly TabName[] = ["read", "logs", "steering", "config"];
const OF_PLAYGROUND: readonly TabName[] = ["logs", "steering", "lineage", "config"];

function namesOf({ kind, is_job }: RunDetail): readonly TabName[] {
  if (kind === "analysis") return OF_ANALYSIS;
  if (kind === "check") return OF_CHECK;
  if (kind === "playground") return OF_PLAYGROUND;
  if (kind === "reported") return NAMES.filter((name) => name !== "playground");
  return is_job ? NAMES.filter((name) => !OF_TRAINING.includes(name)) : NAMES;
}

/** Everything else that is known of the run; only the open tab is loaded. */
export function RunTabs({ run }: { run: RunDetail }) {
  const [search, change] = useView();
  const ofItself = run.kind === "analysis";
  const names = namesOf(run);
  const first = run.kind === "import" ? "spectrum" : (names[0] ?? "curves");
  const open = oneOf(search.tab, names, first);
  const { Body } = TABS[open];
  const strip = useRef<HTMLDivElement>(null);
  // On a phone the strip is wider than the page, which itself must not scroll.
  useEffect(() => {
    const tab = strip.current?.querySelector<HTMLElement>(`[data-testid="tab-${open}"]`);
    if (strip.current && tab)
      strip.current.scrollLeft = tab.offsetLeft - (strip.current.clientWidth - tab.clientWidth) / 2;
  }, [open]);
  return (
    <Tabs
      value={open}
      onChange={(next) => change({ tab: next === first ? undefined : (next ?? undefined) })}
      keepMounted={false}
    >
      <div ref={strip} className={classes.strip}>
        <Tabs.List>
          {names.map((name) => (
            <Tabs.Tab key={name} value={name} data-testid={`tab-${name}`}>
              {ofItself && name === "analyses" ? "Picture" : TABS[name].label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
      </div>
      <Tabs.Panel value={open} pt={12}>
        <Suspense fallback={<Loading />}>
          <Body run={run} />
        </Suspense>
      </Tabs.Panel>
    </Tabs>
  );
}
