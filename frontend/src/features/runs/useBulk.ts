import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { actOnRuns, runKeys } from "~/api/runs";
import type { BulkChange, BulkResult } from "~/api/types";
import { errorText } from "~/components/ErrorBox";
import { notify } from "~/components/notify";

/** Which runs: these, or all that match as long as they are as many as was shown. */
export type BulkTarget = { ids: string[]; names: string[] } | { query: string; expected: number; names: string[] };

type BulkAction = BulkChange["action"];
type Wanted = Pick<BulkChange, "action" | "tags" | "group">;

const DONE: Record<BulkAction, string> = {
  stop: "stopped or asked to stop",
  pause: "asked to pause",
  resume: "resumed",
  delete: "deleted",
  tag: "tagged",
  untag: "changed",
  group: "moved",
};

export type Refusal = BulkResult["outcomes"][number] & { name: string };

/** Acts on the chosen runs and says what came of it; what was not possible is listed run by run. */
export function useBulk(target: BulkTarget, onDone: () => void) {
  const cache = useQueryClient();
  const [refused, setRefused] = useState<Refusal[] | null>(null);
  const action = useMutation({
    mutationFn: ({ action, tags, group }: Wanted) => {
      const which = "ids" in target ? { ids: target.ids } : { query: target.query, expected: target.expected };
      return actOnRuns({ action, ...which, ...(tags && { tags }), ...(group !== undefined && { group }) });
    },
    onSuccess: ({ outcomes, done }, { action: kind }) => {
      if (done > 0) notify(`${done} run${done === 1 ? " was" : "s were"} ${DONE[kind]}`);
      const names = "ids" in target ? new Map(target.ids.map((id, place) => [id, target.names[place]])) : new Map();
      const not = outcomes.filter(({ ok }) => !ok).map((one) => ({ ...one, name: names.get(one.run) ?? one.run }));
      setRefused(not.length > 0 ? not : null);
      if (not.length === 0 && kind === "delete") onDone();
      for (const key of [runKeys.lists, runKeys.groups, runKeys.fields])
        void cache.invalidateQueries({ queryKey: key });
    },
    onError: (error) => notify(errorText(error), "Nothing was done"),
  });
  return {
    act: action.mutate,
    pending: action.isPending ? action.variables.action : null,
    refused,
    forget: () => setRefused(null),
  };
}

export type Bulk = ReturnType<typeof useBulk>;
