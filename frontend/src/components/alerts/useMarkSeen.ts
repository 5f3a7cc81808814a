import { useMutation, useQueryClient } from "@tanstack/react-query";
import { alertKeys, markSeen } from "~/api/alerts";
import { errorText } from "~/components/ErrorBox";
import { notify } from "~/components/notify";

/** Marks alerts as seen: some, those of a run, or (nothing given) all. */
export function useMarkSeen() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: markSeen,
    onSuccess: () => cache.invalidateQueries({ queryKey: alertKeys.all }),
    onError: (error) => notify(errorText(error), "Not marked as seen"),
  });
}
