import { Button } from "@mantine/core";
import { type ErrorComponentProps, Link } from "@tanstack/react-router";
import { Empty } from "~/components/Empty";
import { ErrorBox } from "~/components/ErrorBox";

export function NotFound() {
  return (
    <div className="page">
      <Empty
        title="There is no such page"
        action={
          <Button component={Link} to="/" variant="default">
            Go home
          </Button>
        }
      >
        The address may be old or mistyped.
      </Empty>
    </div>
  );
}

/** A defect of the page itself; the rest of the application stays. */
export function Crashed({ error, reset }: ErrorComponentProps) {
  return (
    <div className="page">
      <ErrorBox title="This page could not be drawn" error={error} onRetry={reset} />
    </div>
  );
}
