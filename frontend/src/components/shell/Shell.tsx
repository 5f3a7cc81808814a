import { Outlet } from "@tanstack/react-router";
import { lazy, Suspense, useRef } from "react";
import { connection } from "~/api/live";
import { tokenAsked } from "~/api/token";
import { useStore } from "~/lib/store";
import { Loading } from "../Loading";
import { Toasts } from "../Toasts";
import { ConnectionBanner } from "./ConnectionBanner";
import { overlay } from "./overlay";
import { Rail } from "./Rail";
import classes from "./Shell.module.css";
import { TopBar } from "./TopBar";
import { useShortcuts } from "./useShortcuts";

const Palette = lazy(() => import("~/features/palette/Palette"));
const ShortcutHelp = lazy(() => import("~/features/palette/ShortcutHelp"));
const TokenDialog = lazy(() => import("./TokenDialog"));

/** Everything around a page. */
export function Shell() {
  const { state } = useStore(connection);
  const asked = useStore(tokenAsked);
  useShortcuts();
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
      <Overlays />
      <Suspense>{asked && <TokenDialog />}</Suspense>
    </div>
  );
}

/** Once opened they stay, closed, so that they open at once the next time. */
function Overlays() {
  const shown = useStore(overlay);
  const wanted = useRef(new Set<typeof shown>());
  wanted.current.add(shown);
  return (
    <Suspense>
      {wanted.current.has("palette") && <Palette opened={shown === "palette"} />}
      {wanted.current.has("shortcuts") && <ShortcutHelp opened={shown === "shortcuts"} />}
    </Suspense>
  );
}
