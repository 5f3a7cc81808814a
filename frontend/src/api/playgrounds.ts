import { type QueryClient, queryOptions } from "@tanstack/react-query";
import { ApiError, client, get, unwrap } from "./client";
import { runKeys } from "./runs";
import { heard, NO_TALK, type Talk } from "./talk";
import type { Playground, QuestionIn } from "./types";

export const playgroundKey = (run: string) => runKeys.part(run, "playground");

/** The run's latest; null where there is none. */
export const playgroundQuery = (run: string) =>
  queryOptions({
    queryKey: playgroundKey(run),
    queryFn: async (context): Promise<Playground | null> => {
      try {
        return await get("/api/runs/{run_id}/playground", { path: { run_id: run } })(context);
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      }
    },
  });

/** All that was asked and said; what is known already is not asked for again. */
export const talkQuery = (id: string, cache: QueryClient) =>
  queryOptions({
    queryKey: ["talk", id],
    queryFn: async ({ queryKey, signal }): Promise<Talk> => {
      let talk = cache.getQueryData<Talk>(queryKey) ?? NO_TALK;
      for (;;) {
        const query = { after: talk.lastPiece, asked_after: talk.lastQuestion };
        const news = await get("/api/playgrounds/{playground_id}/talk", { path: { playground_id: id }, query })({
          signal,
        });
        talk = heard(talk, news);
        if (!news.more) return talk;
      }
    },
    staleTime: Number.POSITIVE_INFINITY,
  });

/** The live one, or a new one that waits for a worker. */
export const openPlayground = (run: string) =>
  unwrap(client.POST("/api/runs/{run_id}/playground", { params: { path: { run_id: run } } }));

const at = (id: string) => ({ path: { playground_id: id } });

export const askQuestion = (id: string, question: QuestionIn) =>
  unwrap(
    client.POST("/api/playgrounds/{playground_id}/questions", {
      params: at(id),
      body: { prompt: "", temperature: 1, max_tokens: 256, seed: 0, ...question },
    }),
  );

export const stopQuestion = (id: string, question: number) =>
  unwrap(
    client.POST("/api/playgrounds/{playground_id}/questions/{question_id}/stop", {
      params: { path: { playground_id: id, question_id: question } },
    }),
  );

/** A sign of life of the page; a farewell gets through although the page closes. */
export const beatPlayground = (id: string, leaving: boolean) =>
  client
    .POST("/api/playgrounds/{playground_id}/beats", { params: at(id), body: { leaving }, keepalive: leaving })
    .catch(() => undefined); // the next one will do
