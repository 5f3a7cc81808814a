import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";
import { changed, type Search } from "~/lib/urlParams";

/** The view state in the URL, and how to change it without leaving the page. */
export function useView(): [Search, (changes: Record<string, string | undefined>) => void] {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const change = useCallback(
    (changes: Record<string, string | undefined>) => {
      void navigate({
        to: ".",
        search: ((before: Search) => changed(before, changes)) as never,
        replace: true,
        resetScroll: false,
      });
    },
    [navigate],
  );
  return [search, change];
}
