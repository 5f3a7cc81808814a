import { CloseButton } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useStore } from "~/lib/store";
import { dismiss, toasts } from "./notify";
import classes from "./Toasts.module.css";

/** What just happened; read out, and gone after a few seconds. */
export function Toasts() {
  const shown = useStore(toasts);
  return (
    <div className={classes.toasts} role="status" aria-live="polite">
      {shown.map(({ id, message, failure, place }) => (
        <div key={id} className={classes.toast} data-failure={failure !== undefined} data-testid="toast">
          <div>
            {failure && <strong>{failure}</strong>}
            <p>{message}</p>
            {place && (
              <Link
                to="/runs/$runId"
                params={{ runId: place.runId }}
                search={place.search}
                resetScroll={false}
                onClick={() => dismiss(id)}
              >
                Show it
              </Link>
            )}
          </div>
          <CloseButton size="sm" aria-label="Dismiss" onClick={() => dismiss(id)} />
        </div>
      ))}
    </div>
  );
}
