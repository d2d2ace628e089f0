/** POST /api/imports: the file up, progress and the report down, as lines of JSON. */

import { ApiError, ConnectionLost, isRecord } from "../errors";
import type { Client } from "./client";

export interface ImportReport {
  readonly conversations: number;
  readonly messages: number;
  readonly extended: number;
  readonly known: number;
  readonly skipped: readonly { readonly title: string; readonly reason: string }[];
  readonly skipped_count: number;
}

/** What was imported, and why it ended early where it did. */
export interface ImportResult {
  readonly report: ImportReport;
  readonly error: string | null;
}

/** Imports `file`; `progress` is called with how many chats were read. Throws ApiError and ConnectionLost. */
export async function importFile(client: Client, file: Blob, progress: (done: number) => void): Promise<ImportResult> {
  const response = await client.send("api/imports", { method: "POST", body: file, accept: "application/x-ndjson" });
  let rest = "";
  let result: ImportResult | null = null;
  const take = (line: string) => {
    const value: unknown = line.trim() ? JSON.parse(line) : null;
    if (!isRecord(value)) return;
    const at = value["progress"];
    if (isRecord(at) && typeof at["done"] === "number") progress(at["done"]);
    const error = value["error"];
    if (isRecord(value["report"])) result = { report: value["report"] as unknown as ImportReport, error: isRecord(error) ? String(error["message"]) : null };
  };
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done) break;
    const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(take);
  }
  take(rest);
  if (!result) throw new ConnectionLost("");
  return result;
}

/** What to tell the reader of an error. */
export function reasonOf(error: unknown): string {
  return error instanceof ApiError || error instanceof ConnectionLost ? error.message : String(error);
}
