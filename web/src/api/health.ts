/** GET /health: which model this is, and whether it can answer yet. */

import type { Fetch } from "./assistant/client";
import { isRecord } from "./errors";

export interface Capabilities {
  readonly thinking: boolean;
  readonly tools: boolean;
}

export interface Health {
  readonly status: "loading" | "ready" | "failed";
  readonly model: string;
  readonly progress: number | null; // 0 … 1; null: not known
  readonly stage: string; // what is being done, e.g. "reading weights"; empty: not known
  readonly error: string | null;
  readonly remedy: string | null;
  readonly capabilities: Capabilities;
}

/** Asks once. A server that is loading or has failed may answer with 503: its body counts, not its status. */
export async function fetchHealth(fetch: Fetch, signal?: AbortSignal): Promise<Health> {
  const response = await fetch("health", { cache: "no-store", ...(signal ? { signal } : {}) });
  return parseHealth(await response.json());
}

/** Reads the document leniently: what is missing gets its quiet default. */
export function parseHealth(body: unknown): Health {
  const health = isRecord(body) ? body : {};
  const error = isRecord(health["error"]) ? health["error"] : {};
  const capabilities = isRecord(health["capabilities"]) ? health["capabilities"] : {};
  const progress = health["progress"];
  return {
    status: status(health["status"]),
    model: text(health["model"]) ?? "",
    progress: typeof progress === "number" && Number.isFinite(progress) ? Math.min(1, Math.max(0, progress)) : null,
    stage: text(health["stage"]) ?? "",
    error: text(health["error"]) ?? text(error["message"]),
    remedy: text(health["remedy"]) ?? text(error["remedy"]),
    capabilities: { thinking: capabilities["thinking"] === true, tools: capabilities["tools"] === true },
  };
}

function status(value: unknown): Health["status"] {
  if (value === "failed" || value === "error") return "failed";
  return value === "ready" || value === "ok" ? "ready" : "loading";
}

function text(value: unknown): string | null {
  return typeof value === "string" && value ? value : null;
}
