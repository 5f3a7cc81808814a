import { pages } from "~/components/shell/pages";

/** Every shortcut, as the help lists them. */
export const SHORTCUTS: readonly { keys: string; does: string }[] = [
  { keys: "Ctrl K or ⌘ K", does: "Search runs and actions" },
  ...pages.map(({ key, label }) => ({ keys: `g ${key}`, does: `Go to ${label}` })),
  { keys: "/", does: "Search on this page" },
  { keys: "j / k", does: "Next / previous row; Enter opens it" },
  { keys: "[ / ]", does: "Previous / next step of the pictures" },
  { keys: "?", does: "This list" },
];
