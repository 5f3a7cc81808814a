import type { ErrorComponentProps } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { connection } from "~/api/live";
import { ButtonLink } from "~/components/ButtonLink";
import { Empty } from "~/components/Empty";
import { ErrorBox } from "~/components/ErrorBox";
import { useStore } from "~/lib/store";

export function NotFound() {
  return (
    <div className="page">
      <h1 className="visually-hidden">Not found</h1>
      <Empty title="There is no such page" action={<ButtonLink to="/">Go home</ButtonLink>}>
        The address may be old or mistyped.
      </Empty>
    </div>
  );
}

/** A defect of the page itself, or code of it that a lost server could not send; the rest of the application stays. */
export function Crashed({ error, reset }: ErrorComponentProps) {
  useReloadOnReturn();
  return (
    <div className="page">
      <ErrorBox title="This page could not be drawn" error={error} onRetry={reset} />
    </div>
  );
}

/** What could not be fetched is not asked for again by itself: once the server is back the page starts anew, its state is in the URL. */
function useReloadOnReturn() {
  const { state } = useStore(connection);
  const lost = useRef(false);
  useEffect(() => {
    if (state === "lost") lost.current = true;
    else if (state === "live" && lost.current) window.location.reload();
  }, [state]);
}
