import type { QueryClient } from "@tanstack/react-query";
import { printing } from "~/lib/printing";
import { allDrawn } from "./plot/loadPlotly";

const LONGEST_MS = 20_000;
const AGAIN_MS = 50;
const QUIET_LOOKS = 4;
const UNDRAWN = '[data-testid="panel-loading"], figure:not(.js-plotly-plot)';

/** Draws what is not in sight yet, then opens the browser's own dialog. */
export async function printPage(queries: QueryClient): Promise<void> {
  if (printing.get()) return;
  printing.set(true);
  await everythingIsThere(queries);
  window.print();
}

/** Pictures are fetched once they count as seen, mounted once their figure has come, and drawn one after the other. */
async function everythingIsThere(queries: QueryClient) {
  const end = Date.now() + LONGEST_MS;
  for (let quiet = 0; quiet < QUIET_LOOKS && Date.now() < end; ) {
    await new Promise((resume) => setTimeout(resume, AGAIN_MS));
    await allDrawn();
    quiet = queries.isFetching() > 0 || document.querySelector(UNDRAWN) !== null ? 0 : quiet + 1;
  }
}
