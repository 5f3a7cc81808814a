import type { ReactNode } from "react";
import classes from "./states.module.css";

/** Nothing here yet: says why, and offers the next action. */
export function Empty({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className={classes.empty} data-testid="empty">
      <strong>{title}</strong>
      {children && <p>{children}</p>}
      {action}
    </div>
  );
}
