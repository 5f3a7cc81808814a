import { Loader } from "@mantine/core";
import classes from "./states.module.css";

/** Shown after a moment only, so that quick answers do not flicker. */
export function Loading({ label = "Loading" }: { label?: string }) {
  return (
    <div className={classes.loading} role="status" aria-label={label}>
      <Loader size="sm" type="dots" color="gray" />
    </div>
  );
}
