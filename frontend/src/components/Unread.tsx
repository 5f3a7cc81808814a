import type { ReactNode } from "react";
import { ErrorBox } from "./ErrorBox";
import { Loading } from "./Loading";

interface UnreadProps {
  /** "the runs", as in a sentence. */
  what: string;
  query: { error: unknown; refetch: () => unknown };
  /** More ways on from an error. */
  children?: ReactNode;
}

/** In the place of what is still being read, or could not be. */
export function Unread({ what, query: { error, refetch }, children }: UnreadProps) {
  if (!error) return <Loading label={`Reading ${what}`} />;
  return (
    <ErrorBox
      title={`${what[0]?.toUpperCase()}${what.slice(1)} could not be read`}
      error={error}
      onRetry={() => void refetch()}
    >
      {children}
    </ErrorBox>
  );
}
