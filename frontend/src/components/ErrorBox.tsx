import { Button } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { ApiError } from "~/api/client";
import classes from "./states.module.css";

interface ErrorBoxProps {
  /** What failed, in words. */
  title: string;
  error: unknown;
  onRetry?: () => void;
  children?: ReactNode;
}

/** What went wrong, where, and what to do. */
export function ErrorBox({ title, error, onRetry, children }: ErrorBoxProps) {
  const where = error instanceof ApiError ? error.where : null;
  return (
    <Problem title={title} detail={errorText(error)} where={where}>
      {onRetry && <Button onClick={onRetry}>Try again</Button>}
      {children}
    </Problem>
  );
}

interface ProblemProps {
  title: string;
  detail: string;
  where?: string | null;
  children?: ReactNode;
  testId?: string;
}

export function Problem({ title, detail, where, children, testId }: ProblemProps) {
  return (
    <div className={classes.problem} role="alert" data-testid={testId ?? "error-box"}>
      <IconAlertTriangle size={18} aria-hidden />
      <div className={classes.problemBody}>
        <div className={classes.problemTitle}>{title}</div>
        <p>{detail}</p>
        {where && <p className="soft mono">{where}</p>}
        <div className={classes.problemActions}>{children}</div>
      </div>
    </div>
  );
}

export function errorText(error: unknown): string {
  if (error instanceof ApiError) return error.detail;
  return error instanceof Error ? error.message : "Something unexpected happened; reload the page.";
}
