import { Modal } from "@mantine/core";
import { overlay } from "~/components/shell/overlay";
import classes from "./Palette.module.css";
import { SHORTCUTS } from "./shortcuts";

/** Which keys do what. */
export default function ShortcutHelp({ opened }: { opened: boolean }) {
  return (
    <Modal opened={opened} onClose={() => overlay.set("none")} title="Keyboard shortcuts" centered size="sm">
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
