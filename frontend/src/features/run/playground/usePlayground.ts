import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import {
  askQuestion,
  beatPlayground,
  openPlayground,
  playgroundKey,
  playgroundQuery,
  talkQuery,
} from "~/api/playgrounds";
import { runQuery } from "~/api/runs";
import type { QuestionIn } from "~/api/types";

const BEAT_MS = 15_000;
const WAITING_MS = 3_000;
const GOING: readonly string[] = ["stopping", "finished", "stopped", "failed"];

/** The run's playground and its talk as they come, kept alive while the page shows them; and how to ask. */
export function usePlayground(run: string) {
  const cache = useQueryClient();
  const playground = useQuery({
    ...playgroundQuery(run),
    refetchInterval: ({ state }) => (state.data?.state === "queued" ? WAITING_MS : false),
  });
  const id = playground.data?.id;
  // Live events move the job itself.
  const { data: job } = useQuery({ ...runQuery(id ?? ""), enabled: id !== undefined });
  const state = job?.state ?? playground.data?.state;
  const live = id !== undefined && state !== undefined && !GOING.includes(state);
  const talk = useQuery({ ...talkQuery(id ?? "", cache), enabled: id !== undefined });
  useFollow(job?.topics.talk ?? 0, talk.refetch, id);
  const untold = playground.data !== null && playground.data !== undefined && playground.data.about === null;
  const moved = `${state} ${untold ? job?.topics.talk : ""}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again when the job has moved
  useEffect(() => {
    if (id !== undefined) void cache.invalidateQueries({ queryKey: playgroundKey(run) });
  }, [moved, id, run]);
  useBeats(live ? id : undefined);

  const open = useMutation({
    mutationFn: () => openPlayground(run),
    onSuccess: (opened) => cache.setQueryData(playgroundKey(run), opened),
  });
  const ask = useMutation({
    mutationFn: async (question: QuestionIn) => {
      const opened = await open.mutateAsync();
      const asked = await askQuestion(opened.id, question);
      await cache.refetchQueries({ queryKey: ["talk", opened.id] });
      return asked;
    },
  });
  return { query: playground, playground: playground.data ?? null, state, live, talk, open, ask };
}

/** Reads on whenever the topic has moved, one request at a time: a slow line is not asked again before it has answered. */
function useFollow(moved: number, read: () => Promise<unknown>, id: string | undefined) {
  const now = useRef({ busy: false, again: false });
  const reading = useRef(read);
  reading.current = read;
  useEffect(() => {
    if (id === undefined || moved === 0) return;
    const state = now.current;
    state.again = true;
    if (state.busy) return;
    void (async () => {
      state.busy = true;
      while (state.again) {
        state.again = false;
        await reading.current();
      }
      state.busy = false;
    })();
  }, [moved, id]);
}

/** The worker holds its models as long as some page says that it shows them. */
function useBeats(id: string | undefined) {
  useEffect(() => {
    if (id === undefined) return;
    const beat = () => void beatPlayground(id, false);
    const leave = () => void beatPlayground(id, true);
    beat();
    const timer = setInterval(beat, BEAT_MS);
    window.addEventListener("pagehide", leave);
    return () => {
      clearInterval(timer);
      window.removeEventListener("pagehide", leave);
      leave();
    };
  }, [id]);
}
