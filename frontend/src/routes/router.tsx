import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { Shell } from "~/components/shell/Shell";
import { parseSearch, type Search, stringifySearch } from "~/lib/urlParams";
import { Crashed, NotFound } from "./fallbacks";

const root = createRootRoute({ component: Shell, validateSearch: (search): Search => search as Search });

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: lazyRouteComponent(() => import("~/features/home/HomePage"), "HomePage"),
});

const runs = createRoute({
  getParentRoute: () => root,
  path: "/runs",
  component: lazyRouteComponent(() => import("~/features/runs/RunsPage"), "RunsPage"),
});

const run = createRoute({
  getParentRoute: () => root,
  path: "/runs/$runId",
  component: lazyRouteComponent(() => import("~/features/run/RunPage"), "RunPage"),
});

const compare = createRoute({
  getParentRoute: () => root,
  path: "/compare",
  component: lazyRouteComponent(() => import("~/features/compare/ComparePage"), "ComparePage"),
});

const launch = createRoute({
  getParentRoute: () => root,
  path: "/launch",
  component: lazyRouteComponent(() => import("~/features/launch/LaunchPage"), "LaunchPage"),
});

const alerts = createRoute({
  getParentRoute: () => root,
  path: "/alerts",
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

export const router = createRouter({
  routeTree: root.addChildren([home, runs, run, compare, launch, alerts, workers, settings]),
  parseSearch,
  stringifySearch,
  defaultPreload: "intent",
  defaultNotFoundComponent: NotFound,
  defaultErrorComponent: Crashed,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
