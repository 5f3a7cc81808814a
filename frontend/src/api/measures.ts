import { queryOptions, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { get } from "./client";
import type { Measure } from "./types";

export const measuresQuery = () =>
  queryOptions({
    queryKey: ["measures"],
    queryFn: get("/api/measures"),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** What scalars are called; one that the server does not know yet is called by its key. */
export function useScalarNames(): (key: string) => Pick<Measure, "title" | "brief" | "unit"> {
  const { data } = useQuery(measuresQuery());
  return useMemo(() => {
    const known = new Map(data?.scalar.map((measure) => [measure.name, measure]));
    return (key) => known.get(key) ?? { title: key, brief: key, unit: "" };
  }, [data]);
}

/** What scores of weights are called, as in a sentence. */
export function useScoreName(key: string): string {
  const { data } = useQuery(measuresQuery());
  const brief = data?.score.find((measure) => measure.name === key)?.brief ?? key;
  return brief.charAt(0).toLowerCase() + brief.slice(1);
}

/** Choices of scalars, by what they are called. */
export function byTitle(keys: readonly string[], named: ReturnType<typeof useScalarNames>) {
  return keys.map((key) => ({ value: key, label: named(key).title })).sort((a, b) => a.label.localeCompare(b.label));
}
