import type { ReactNode } from "react";

interface FactProps {
  name: string;
  note?: string;
  testId?: string;
  children: ReactNode;
}

/** A name and what is known under it; of a `<dl>`, which says how the two stand. */
export function Fact({ name, note, testId, children }: FactProps) {
  return (
    <div>
      <dt>
        {name}
        {note && <small> {note}</small>}
      </dt>
      <dd data-testid={testId}>{children}</dd>
    </div>
  );
}
