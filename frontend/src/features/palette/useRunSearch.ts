import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { foundRunsQuery } from "~/api/runs";
import type { RunSummary } from "~/api/types";

/** The newest runs whose name, id, group or notes contain the text; the server searches. */
export function useRunSearch(text: string): RunSummary[] {
  const [settled] = useDebouncedValue(text.trim(), 150);
  const { data } = useQuery({ ...foundRunsQuery(settled), placeholderData: keepPreviousData });
  return data?.runs ?? [];
}
