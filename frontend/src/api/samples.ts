import { queryOptions } from "@tanstack/react-query";
import { get } from "./client";
import { runKeys } from "./runs";

/** Prompts that a run's samples answer. */
export const promptsQuery = (run: string) =>
  queryOptions({
    queryKey: [...runKeys.part(run, "samples"), "prompts"],
    queryFn: get("/api/runs/{run_id}/samples/prompts", { path: { run_id: run } }),
  });

/** One prompt over the training; `most` responses in full, or as many as the server thinks right. */
export const promptHistoryQuery = (run: string, prompt: string, most: number | undefined) =>
  queryOptions({
    queryKey: [...runKeys.part(run, "samples"), "prompt", prompt, most ?? "usual"],
    queryFn: get("/api/runs/{run_id}/samples/prompts/{prompt_id}", {
      path: { run_id: run, prompt_id: prompt },
      query: most === undefined ? {} : { most },
    }),
  });
