// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { renderHook, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { beforeEach, expect, it, vi } from "vitest";
import type { RunSummary } from "~/api/types";
import { usePanel } from "./usePanel";

const figure = (x: number[], cursor: number) => ({
  figure: { data: [{ uid: "a", x, y: x }], layout: { uirevision: "one" } },
  cursors: { r: cursor },
  meta: { steps: [], step: null, note: null, choices: {}, empty: false },
});

const extension = (points: number[], cursor: number, reset = false) => ({
  cursors: { r: cursor },
  reset,
  append: reset ? {} : { a: { x: points, y: points } },
  traces: [],
  layout: {},
  meta: {},
});

const at = (seq: number): RunSummary[] => [
  { id: "r", topics: { scalars: seq }, rewound_seq: 0 } as unknown as RunSummary,
];

let asked: string[];
let answers: Record<string, unknown>;

beforeEach(() => {
  asked = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    const url = new URL(request.url);
    asked.push(url.pathname.replace("/api/panels/", "") + url.search);
    const name = url.pathname.endsWith("extension") ? `after ${url.searchParams.get("after")}` : "figure";
    return new Response(JSON.stringify(answers[name]), { headers: { "Content-Type": "application/json" } });
  });
});

const WHAT = { name: "scalars", asked: ["r"], members: [], params: { x: "steps" } };

function draw(seq: number) {
  const cache = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={cache}>{children}</QueryClientProvider>
  );
  return renderHook(
    ({ seq: now, visible }: { seq: number; visible: boolean }) =>
      usePanel({ ...WHAT, runs: at(now), topics: ["scalars"], visible }),
    { wrapper, initialProps: { seq, visible: true } },
  );
}

it("fetches the figure once and then only what is new", async () => {
  answers = { figure: figure([1, 2], 12), "after 12": extension([3], 15) };
  const hook = draw(12);
  await waitFor(() => expect(hook.result.current.data?.cursors.r).toBe(12));
  hook.rerender({ seq: 15, visible: true });
  await waitFor(() => expect(hook.result.current.data?.cursors.r).toBe(15));
  expect(hook.result.current.data?.figure.data[0]?.x).toEqual([1, 2, 3]);
  expect(asked).toEqual(["scalars?runs=r&x=steps", "scalars/extension?runs=r&after=12&x=steps"]);
});

it("fetches the whole figure again when the extension says so", async () => {
  answers = { figure: figure([1, 2], 12), "after 12": extension([], 12, true) };
  const hook = draw(12);
  await waitFor(() => expect(hook.result.current.data?.cursors.r).toBe(12));
  answers.figure = figure([1], 20);
  hook.rerender({ seq: 20, visible: true });
  await waitFor(() => expect(hook.result.current.data?.cursors.r).toBe(20));
  expect(hook.result.current.data?.figure.data[0]?.x).toEqual([1]);
});

it("waits while it is out of sight, then catches up at once", async () => {
  answers = { figure: figure([1], 5), "after 5": extension([2, 3, 4], 9) };
  const hook = draw(5);
  await waitFor(() => expect(hook.result.current.data?.cursors.r).toBe(5));
  hook.rerender({ seq: 8, visible: false });
  hook.rerender({ seq: 9, visible: false });
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(asked).toHaveLength(1);
  hook.rerender({ seq: 9, visible: true });
  await waitFor(() => expect(hook.result.current.data?.figure.data[0]?.x).toEqual([1, 2, 3, 4]));
  expect(asked).toHaveLength(2);
});
