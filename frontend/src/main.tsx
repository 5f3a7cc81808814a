import "@fontsource-variable/inter/wght.css";
import "@fontsource-variable/jetbrains-mono/wght.css";
import "@mantine/core/styles.css";
import "./styles.css";
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode, useLayoutEffect } from "react";
import { createRoot } from "react-dom/client";
import { ApiError } from "./api/client";
import { followLive } from "./api/live";
import { liveCache } from "./api/liveCache";
import { runEndNotices } from "./api/runEndNotices";
import { printing } from "./lib/printing";
import { useStore } from "./lib/store";
import { makeRouter } from "./routes/router";
import { theme } from "./theme";

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (failures, error) =>
        failures < 2 && (!(error instanceof ApiError) || error.status === 0 || error.status >= 500),
    },
  },
});

const router = makeRouter({ queries });
const live = liveCache(queries);
const tellOfEnds = runEndNotices((runId) => void router.navigate({ to: "/runs/$runId", params: { runId } }));
followLive({
  onRuns: (runs) => {
    live.apply(runs);
    tellOfEnds(runs);
  },
  onDeleted: live.remove,
  onWorkers: live.workersMoved,
  onReturn: live.refetchAll,
});

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);

function App() {
  const onPaper = useStore(printing);
  useLayoutEffect(() => {
    document.documentElement.toggleAttribute("data-printing", onPaper);
  }, [onPaper]);
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" forceColorScheme={onPaper ? "light" : undefined}>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  );
}
