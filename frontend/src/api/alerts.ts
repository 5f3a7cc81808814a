import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { client, get, unwrap } from "./client";
import type { AlertKind, AlertRuleDraft, Severity } from "./types";

export const alertKeys = {
  all: ["alerts"] as const,
  rules: ["alert-rules"] as const,
  webhooks: ["webhooks"] as const,
};

export interface AlertFilter {
  kind?: AlertKind;
  severity?: Severity;
  unseen?: boolean;
  holding?: boolean;
}

const PAGE = 50;

/** The feed, newest first, page by page. */
export const alertFeedQuery = (filter: AlertFilter) =>
  infiniteQueryOptions({
    queryKey: [...alertKeys.all, "feed", filter],
    queryFn: ({ pageParam, signal }) => {
      const query = { ...filter, limit: PAGE, ...(pageParam === null ? {} : { before: pageParam }) };
      return unwrap(client.GET("/api/alerts", { params: { query }, signal }));
    },
    initialPageParam: null as number | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });

/** What a run's page shows of them. */
export const runAlertsQuery = (run: string) =>
  queryOptions({
    queryKey: [...alertKeys.all, "run", run],
    queryFn: get("/api/alerts", { query: { run, limit: 200 } }),
  });

export const unseenAlertsQuery = () =>
  queryOptions({
    queryKey: [...alertKeys.all, "unseen"],
    queryFn: get("/api/alerts/unseen"),
  });

export const signaturesQuery = () =>
  queryOptions({
    queryKey: ["alert-signatures"],
    queryFn: get("/api/alerts/signatures"),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** Nothing given marks all. */
export const markSeen = (which: { ids?: number[]; run?: string }) =>
  unwrap(client.POST("/api/alerts/seen", { body: which }));

export const rulesQuery = () =>
  queryOptions({
    queryKey: alertKeys.rules,
    queryFn: get("/api/alert-rules"),
  });

/** A new rule, or an old one as it should be. */
export const keepRule = (id: number | null, body: AlertRuleDraft) =>
  id === null
    ? unwrap(client.POST("/api/alert-rules", { body }))
    : unwrap(client.PUT("/api/alert-rules/{rule_id}", { params: { path: { rule_id: id } }, body }));

export const deleteRule = (id: number) =>
  unwrap(client.DELETE("/api/alert-rules/{rule_id}", { params: { path: { rule_id: id } } }));

/** Deliveries are announced to nobody, so the list asks again while it is in sight. */
export const webhooksQuery = () =>
  queryOptions({
    queryKey: alertKeys.webhooks,
    queryFn: get("/api/webhooks"),
    refetchInterval: 5000,
  });

const at = (id: number) => ({ path: { webhook_id: id } });

export const addWebhook = (url: string) => unwrap(client.POST("/api/webhooks", { body: { url } }));

export const changeWebhook = (id: number, change: { enabled: boolean } | { finished: boolean }) =>
  unwrap(client.PATCH("/api/webhooks/{webhook_id}", { params: at(id), body: change }));

export const deleteWebhook = (id: number) => unwrap(client.DELETE("/api/webhooks/{webhook_id}", { params: at(id) }));

export const testWebhook = (id: number) => unwrap(client.POST("/api/webhooks/{webhook_id}/test", { params: at(id) }));
