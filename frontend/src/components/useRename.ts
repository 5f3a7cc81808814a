import { useMutation, useQueryClient } from "@tanstack/react-query";
import { changeRun, runKeys } from "~/api/runs";
import { errorText } from "./ErrorBox";
import { notify } from "./notify";

/** Another name for a run; its page and the tables show it at once. */
export function useRename(id: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (name: string) => changeRun(id, { name }),
    onSuccess: (changed) => {
      cache.setQueryData(runKeys.detail(id), changed);
      void cache.invalidateQueries({ queryKey: runKeys.lists });
    },
    onError: (error) => notify(errorText(error), "The name was not changed"),
  });
}
