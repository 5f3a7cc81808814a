import { useHotkeys } from "@mantine/hooks";
import { useNavigate } from "@tanstack/react-router";
import { useRef } from "react";
import { overlay } from "./overlay";
import { pages } from "./pages";

const SEQUENCE_MS = 1500;

/** The keys that work on every page; none of them while something is being typed, but the palette's own. */
export function useShortcuts() {
  const navigate = useNavigate();
  const armedUntil = useRef(0);
  const quiet = () => overlay.get() !== "none" || document.querySelector('[role="dialog"]') !== null;
  const goTo = (to: string) => {
    const armed = Date.now() < armedUntil.current;
    armedUntil.current = 0;
    if (armed && !quiet()) void navigate({ to });
  };
  const when = (action: () => void) => () => !quiet() && action();

  useHotkeys([["mod+K", () => overlay.set(overlay.get() === "palette" ? "none" : "palette")]], []);
  useHotkeys([
    [
      "g",
      () => {
        armedUntil.current = Date.now() + SEQUENCE_MS;
      },
    ],
    ...pages.map(({ key, to }): [string, () => void, { preventDefault: boolean }] => [
      key,
      () => goTo(to),
      { preventDefault: false },
    ]),
    ["?", when(() => overlay.set("shortcuts"))],
    ["shift+?", when(() => overlay.set("shortcuts"))],
    ["/", when(focusSearch)],
    ["shift+/", when(focusSearch)],
    ["j", when(() => focusRow(1))],
    ["k", when(() => focusRow(-1))],
    ["[", when(() => moveStep("ArrowLeft"))],
    ["]", when(() => moveStep("ArrowRight"))],
  ]);
}

/** The page's own search, else the search for everything. */
function focusSearch() {
  const field = document.querySelector<HTMLInputElement>('#main [aria-keyshortcuts="/"]');
  if (field === null) overlay.set("palette");
  else field.focus();
}

/** Rows are links marked with data-row-link; focus moves among them. */
function focusRow(by: number) {
  const rows = [...document.querySelectorAll<HTMLElement>("#main [data-row-link]")];
  const present = rows.indexOf(document.activeElement as HTMLElement);
  const next = rows[present === -1 ? (by > 0 ? 0 : rows.length - 1) : present + by];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

/** As if the arrow key were pressed on the page's first step slider. */
function moveStep(key: "ArrowLeft" | "ArrowRight") {
  const thumb = document.querySelector('#main [role="slider"]');
  thumb?.dispatchEvent(new KeyboardEvent("keydown", { key, code: key, bubbles: true }));
}
