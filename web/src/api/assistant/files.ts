/** Attached files: uploaded as they are, read by the server, and shown as the passages that it found. */

import { t } from "../../i18n";
import { type ApiError, ConnectionLost, errorFromBody } from "../errors";
import { query, type Client, type Keys } from "./client";
import type { Failure, FilePart } from "./types";

export interface StoredFile {
  readonly id: string;
  readonly name: string;
  readonly media_type: string;
  readonly bytes: number;
  readonly state: FilePart["state"];
  readonly tokens: number | null;
  readonly error: Failure | null;
  readonly data: FileFacts;
  readonly created: number;
}

/** What the reader of the format noted. */
export interface FileFacts {
  readonly format?: string;
  readonly title?: string | null;
  readonly passages?: number;
  readonly warnings?: readonly string[];
}

/** Where in a file: a page, a slide, cells of a sheet, lines, a chapter, a cell of a notebook. */
export type Place = Readonly<Record<string, unknown>>;

export interface Passage {
  readonly position: number;
  readonly place: Place;
  readonly text: string;
  readonly tokens: number;
}

export interface Sending {
  readonly signal: AbortSignal;
  onProgress(sent: number): void;
}

const path = (id: string) => `api/files/${encodeURIComponent(id)}`;

/** A file; with `wait`, once it is read or after so many seconds. */
export function getFile(client: Client, id: string, wait = 0): Promise<StoredFile> {
  return client.json(`${path(id)}${query({ wait: wait || null })}`);
}

/** Passages in order, after a position. */
export function listPassages(client: Client, id: string, after: number | null): Promise<{ readonly data: readonly Passage[]; readonly next: number | null }> {
  return client.json(`${path(id)}/text${query({ after })}`);
}

export async function downloadFile(client: Client, id: string): Promise<Blob> {
  return (await client.send(`${path(id)}/content`, { accept: "*/*" })).blob();
}

/** Sends a file. Asks for the key where the server wants one, as other requests do. Throws ApiError or ConnectionLost. */
export async function uploadFile(keys: Keys, file: Blob, name: string, sending: Sending): Promise<StoredFile> {
  for (;;) {
    const key = keys.key.peek();
    const { status, body } = await post(`api/files${query({ name })}`, file, key, sending);
    if (status === 201) return body as StoredFile;
    const error: ApiError = errorFromBody(status, body);
    if (status !== 401) throw error;
    await keys.another(key, sending.signal);
  }
}

/** `fetch` tells nothing of how much was sent. */
function post(url: string, content: Blob, key: string | null, { signal, onProgress }: Sending): Promise<{ status: number; body: unknown }> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    if (key !== null) request.setRequestHeader("authorization", `Bearer ${key}`);
    request.setRequestHeader("content-type", "application/octet-stream");
    request.upload.onprogress = ({ loaded }) => onProgress(loaded);
    request.onload = () => resolve({ status: request.status, body: parse(request.responseText) });
    request.onerror = () => reject(new ConnectionLost(t("errors.unreachable")));
    request.onabort = () => reject(signal.reason);
    signal.throwIfAborted();
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(content);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
