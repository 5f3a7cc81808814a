import { Outlet } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense } from "react";
import { connection } from "~/api/live";
import { tokenAsked } from "~/api/token";
import { useStore } from "~/lib/store";
import { Loading } from "../Loading";
import { Toasts } from "../Toasts";
import { ConnectionBanner } from "./ConnectionBanner";
import { Rail } from "./Rail";
import classes from "./Shell.module.css";
import { TopBar } from "./TopBar";
import { usePrinting } from "./usePrinting";
import { useShortcuts } from "./useShortcuts";

const TokenDialog = lazy(() => import("./TokenDialog"));

/** Everything around a page; children lie over it. */
export function Shell({ children }: { children: ReactNode }) {
  const { state } = useStore(connection);
  const asked = useStore(tokenAsked);
  useShortcuts();
  usePrinting();
  return (
    <div className={classes.shell}>
      <a className={classes.skip} href="#main">
        Skip to the page
      </a>
      <Rail />
      <div className={classes.body}>
        <TopBar />
        <ConnectionBanner />
        <main id="main" className={classes.main} tabIndex={-1} data-stale={state === "lost"}>
          <Suspense fallback={<Loading />}>
            <Outlet />
          </Suspense>
        </main>
      </div>
      <Toasts />
      {children}
      <Suspense>{asked && <TokenDialog />}</Suspense>
    </div>
  );
}
