import { useIsFetching } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";

const QUIET_MS = 250;

/** What is far down the page comes once its pictures have: it must not keep them waiting. */
export function Later({ children }: { children: ReactNode }) {
  const pictures = useIsFetching({ queryKey: ["panel"] });
  const [due, setDue] = useState(false);
  useEffect(() => {
    if (due || pictures > 0) return;
    const timer = setTimeout(() => setDue(true), QUIET_MS);
    return () => clearTimeout(timer);
  }, [due, pictures]);
  return due ? children : null;
}
