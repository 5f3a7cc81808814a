import { type QueryKey, useMutation, useQueryClient } from "@tanstack/react-query";
import { errorText } from "./ErrorBox";
import { notify } from "./notify";

/** Does something on the server: what reads these keys asks again afterwards, and a failure is told under this title. */
export function useAction<Given = void>(
  act: (given: Given) => Promise<unknown>,
  failure: string,
  ...moved: QueryKey[]
) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSuccess: () => Promise.all(moved.map((queryKey) => cache.invalidateQueries({ queryKey }))),
    onError: (error) => notify(errorText(error), failure),
  });
}
