import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { entriesQuery } from "~/api/compare";
import { panelListQuery } from "~/api/panels";
import { runQuery } from "~/api/runs";
import { loadPlotly } from "~/components/plot/loadPlotly";
import { Shell } from "~/components/shell/Shell";
import { Overlays } from "~/features/palette/Overlays";
import { comparedKeys, MOST_ENTRIES } from "~/lib/compared";
import { parseSearch, stringifySearch } from "~/lib/urlParams";
import { Crashed, NotFound } from "./fallbacks";
import { alertsSearch, analyseSearch, compareSearch, launchSearch, runSearch, runsSearch } from "./search";

/** What loaders start while the page's code is still on its way; the page itself waits for the answers, or shows the error. */
interface Context {
  queries: QueryClient;
}

const root = createRootRouteWithContext<Context>()({
  component: () => (
    <Shell>
      <Overlays />
    </Shell>
  ),
});

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: lazyRouteComponent(() => import("~/features/home/HomePage"), "HomePage"),
});

const runs = createRoute({
  getParentRoute: () => root,
  path: "/runs",
  validateSearch: runsSearch,
  component: lazyRouteComponent(() => import("~/features/runs/RunsPage"), "RunsPage"),
});

const run = createRoute({
  getParentRoute: () => root,
  path: "/runs/$runId",
  validateSearch: runSearch,
  loader: ({ context: { queries }, params }) => {
    void loadPlotly();
    void queries.prefetchQuery(runQuery(params.runId));
    void queries.prefetchQuery(panelListQuery());
  },
  component: lazyRouteComponent(() => import("~/features/run/RunPage"), "RunPage"),
});

const compare = createRoute({
  getParentRoute: () => root,
  path: "/compare",
  validateSearch: compareSearch,
  loaderDeps: ({ search: { runs, groups } }) => ({ runs, groups }),
  loader: ({ context: { queries }, deps }) => {
    const keys = comparedKeys(deps).slice(0, MOST_ENTRIES);
    if (keys.length > 0) void queries.prefetchQuery(entriesQuery(keys));
    void queries.prefetchQuery(panelListQuery());
  },
  component: lazyRouteComponent(() => import("~/features/compare/ComparePage"), "ComparePage"),
});

const launch = createRoute({
  getParentRoute: () => root,
  path: "/launch",
  validateSearch: launchSearch,
  component: lazyRouteComponent(() => import("~/features/launch/LaunchPage"), "LaunchPage"),
});

const analyse = createRoute({
  getParentRoute: () => root,
  path: "/analyse",
  validateSearch: analyseSearch,
  component: lazyRouteComponent(() => import("~/features/analyse/AnalysePage"), "AnalysePage"),
});

const alerts = createRoute({
  getParentRoute: () => root,
  path: "/alerts",
  validateSearch: alertsSearch,
  component: lazyRouteComponent(() => import("~/features/alerts/AlertsPage"), "AlertsPage"),
});

const workers = createRoute({
  getParentRoute: () => root,
  path: "/workers",
  component: lazyRouteComponent(() => import("~/features/workers/WorkersPage"), "WorkersPage"),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: "/settings",
  component: lazyRouteComponent(() => import("~/features/settings/SettingsPage"), "SettingsPage"),
});

export const makeRouter = (context: Context) =>
  createRouter({
    routeTree: root.addChildren([home, runs, run, compare, launch, analyse, alerts, workers, settings]),
    context,
    parseSearch,
    stringifySearch,
    defaultPreload: "intent",
    defaultNotFoundComponent: NotFound,
    defaultErrorComponent: Crashed,
    scrollRestoration: true,
  });

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
