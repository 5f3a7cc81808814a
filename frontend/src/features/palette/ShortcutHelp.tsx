import { Modal } from "@mantine/core";
import { overlay } from "~/components/shell/overlay";
import { pages } from "~/components/shell/pages";
import classes from "./Palette.module.css";

/** Every shortcut, as the help lists them. */
const SHORTCUTS = [
  { keys: "Ctrl K or ⌘ K", does: "Search runs and actions" },
  ...pages.map(({ key, label }) => ({ keys: `g ${key}`, does: `Go to ${label}` })),
  { keys: "/", does: "Search on this page" },
  { keys: "j / k", does: "Next / previous row; Enter opens it" },
  { keys: "[ / ]", does: "Previous / next step of the pictures" },
  { keys: "?", does: "This list" },
];

/** Which keys do what. */
export default function ShortcutHelp({ opened }: { opened: boolean }) {
  return (
    <Modal opened={opened} onClose={() => overlay.set("none")} title="Keyboard shortcuts" size="sm">
      <dl className={classes.shortcuts} data-testid="shortcut-help">
        {SHORTCUTS.map(({ keys, does }) => (
          <div key={keys}>
            <dt>
              <kbd className={classes.keys}>{keys}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}
