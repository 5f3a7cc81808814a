import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { flushSync } from "react-dom";
import { printing } from "~/lib/printing";
import { printPage } from "../printPage";

/** The browser's shortcut waits until all is drawn; its menu cannot wait, so what it prints is what had been drawn. */
export function usePrinting() {
  const queries = useQueryClient();
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const asked = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key === "p";
      if (!asked) return;
      event.preventDefault();
      void printPage(queries);
    };
    const begin = () => flushSync(() => printing.set(true));
    const end = () => printing.set(false);
    window.addEventListener("keydown", press);
    window.addEventListener("beforeprint", begin);
    window.addEventListener("afterprint", end);
    return () => {
      window.removeEventListener("keydown", press);
      window.removeEventListener("beforeprint", begin);
      window.removeEventListener("afterprint", end);
    };
  }, [queries]);
}
