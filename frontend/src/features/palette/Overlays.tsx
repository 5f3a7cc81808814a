import { lazy, Suspense, useRef } from "react";
import { overlay } from "~/components/shell/overlay";
import { useStore } from "~/lib/store";

const Palette = lazy(() => import("./Palette"));
const ShortcutHelp = lazy(() => import("./ShortcutHelp"));

/** Once opened they stay, closed, so that they open at once the next time. */
export function Overlays() {
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
