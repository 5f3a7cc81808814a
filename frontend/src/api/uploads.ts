import { queryOptions } from "@tanstack/react-query";
import { ApiError, client, get, problemOf, unwrap } from "./client";
import { authHeaders } from "./token";
import type { Uploaded } from "./types";

/** Sends a data file, telling which share of it has gone; fetch cannot tell. */
export function upload(file: File, onProgress: (share: number) => void): Promise<Uploaded> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/api/uploads?${new URLSearchParams({ name: file.name })}`);
    request.responseType = "json";
    for (const [name, value] of Object.entries(authHeaders())) request.setRequestHeader(name, value);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0);
    request.onload = () => {
      if (request.status === 201) resolve(request.response as Uploaded);
      else reject(problemOf(request.status, request.response));
    };
    request.onerror = () =>
      reject(new ApiError(0, "Unreachable", "The server does not answer, or takes no more of it."));
    request.send(file);
  });
}

export const uploadsKey = ["uploads"] as const;

/** Every file that is kept. */
export const uploadsQuery = () => queryOptions({ queryKey: uploadsKey, queryFn: get("/api/uploads") });

export const deleteUpload = (file: string) =>
  unwrap(client.DELETE("/api/uploads/{file}", { params: { path: { file } } }));
