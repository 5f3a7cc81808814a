import { useMutation, useQueryClient } from "@tanstack/react-query";
import { giveCommand, runKeys } from "~/api/runs";
import type { CommandRequest, RunDetail, RunHistory } from "~/api/types";
import { errorText } from "~/components/ErrorBox";
import { notify } from "~/components/notify";

/** Gives a command; it stands as pending until the trainer has written what it did. */
export function useCommand(runId: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (request: CommandRequest) => giveCommand(runId, request),
    onSuccess: (given) => {
      if (given.done_at === null) {
        cache.setQueryData<RunDetail>(
          runKeys.detail(runId),
          (run) =>
            run && { ...run, commands_pending: [...run.commands_pending.filter(({ id }) => id !== given.id), given] },
        );
      }
      cache.setQueryData<RunHistory>(
        runKeys.part(runId, "history"),
        (history) =>
          history && { ...history, commands: [...history.commands.filter(({ id }) => id !== given.id), given] },
      );
      void cache.invalidateQueries({ queryKey: runKeys.detail(runId) });
      void cache.invalidateQueries({ queryKey: runKeys.part(runId, "history") });
    },
    onError: (error) => notify(errorText(error), "Not possible now"),
  });
}
