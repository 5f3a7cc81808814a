import { CloseButton } from "@mantine/core";
import { useStore } from "~/lib/store";
import { dismiss, toasts } from "./notify";
import classes from "./Toasts.module.css";

/** What just happened; read out, and gone after a few seconds. */
export function Toasts() {
  const shown = useStore(toasts);
  return (
    <div className={classes.toasts} role="status" aria-live="polite">
      {shown.map(({ id, message, failure }) => (
        <div key={id} className={classes.toast} data-failure={failure !== undefined}>
          <div>
            {failure && <strong>{failure}</strong>}
            <p>{message}</p>
          </div>
          <CloseButton size="sm" aria-label="Dismiss" onClick={() => dismiss(id)} />
        </div>
      ))}
    </div>
  );
}
