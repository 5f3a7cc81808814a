import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";
import { changed } from "~/lib/urlParams";

/** The view state in the URL, and how to change it without leaving the page. */
export function useView() {
  const search = useSearch({ strict: false });
  const navigate = useNavigate();
  const change = useCallback(
    (changes: typeof search) => {
      void navigate({ to: ".", search: (before) => changed(before, changes), replace: true, resetScroll: false });
    },
    [navigate],
  );
  return [search, change] as const;
}

/** What any page may find in its address. */
export type View = ReturnType<typeof useView>[0];
