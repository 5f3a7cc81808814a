import createClient from "openapi-fetch";
import type { PathsWithMethod } from "openapi-typescript-helpers";
import type { FieldProblem } from "~/lib/formErrors";
import type { paths } from "./schema.gen";
import { authHeaders, tokenAsked } from "./token";

/** What the server answered instead of data: what, where, and which fields. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly where: string | null = null,
    readonly fields: readonly FieldProblem[] = [],
  ) {
    super(detail);
  }
}

async function fetchWithToken(request: Request): Promise<Response> {
  const headers = new Headers(request.headers);
  for (const [name, value] of Object.entries(authHeaders())) headers.set(name, value);
  let response: Response;
  try {
    response = await fetch(new Request(request, { headers }));
  } catch (problem) {
    if (problem instanceof DOMException && problem.name === "AbortError") throw problem;
    throw new ApiError(0, "Unreachable", "The server does not answer. Is `opdboard up` still running?");
  }
  if (response.status === 401) tokenAsked.set(true);
  return response;
}

export const client = createClient<paths>({ baseUrl: window.location.origin, fetch: fetchWithToken });

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The data of an answer, or an ApiError. */
export async function unwrap<T>(call: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await call;
  if (response.ok) return data as T;
  throw problemOf(response.status, error);
}

type Readable = PathsWithMethod<paths, "get">;
type Asked<P extends Readable> = Omit<paths[P]["get"]["parameters"], "header" | "cookie">;
type Told<P extends Readable> = paths[P]["get"] extends {
  responses: { 200: { content: { "application/json": infer Data } } };
}
  ? Data
  : never;

/** The function of a query that reads a path. */
export function get<P extends Readable>(
  path: P,
  ...[params]: Partial<Asked<P>> extends Asked<P> ? [Asked<P>?] : [Asked<P>]
): (context: { signal: AbortSignal }) => Promise<Told<P>> {
  return ({ signal }) => unwrap(client.GET(path, { params, signal } as never) as Promise<Answer<Told<P>>>);
}

/** What a refusal says. */
export function problemOf(status: number, body: unknown): ApiError {
  const told = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  const detail = typeof told.detail === "string" ? told.detail : `The server answered ${status} without a reason.`;
  return new ApiError(
    status,
    typeof told.error === "string" ? told.error : "Error",
    detail,
    typeof told.where === "string" ? told.where : null,
    Array.isArray(told.fields) ? (told.fields as FieldProblem[]) : [],
  );
}
