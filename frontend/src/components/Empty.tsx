import type { ReactNode } from "react";
import classes from "./states.module.css";

interface EmptyProps {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  /** By itself on the page, not in a card that is there. */
  card?: boolean;
}

/** Nothing here yet: says why, and offers the next action. */
export function Empty({ title, children, action, card = false }: EmptyProps) {
  return (
    <div className={card ? `card ${classes.empty}` : classes.empty} data-testid="empty">
      <strong>{title}</strong>
      {children && <p>{children}</p>}
      {action}
    </div>
  );
}
