/** POST /v1/chat/completions as a stream of typed events. */

import { ApiError, ConnectionLost, errorFromBody, isRecord } from "./errors";
import { readEvents } from "./sse";
import { t } from "../i18n";

export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
  readonly prefix?: true; // continue this assistant message instead of opening a new one …
  readonly reasoning_content?: string; // … after what it had thought
}

/** It names no model: the page talks to whichever is served, also after the server was started with another. */
export interface ChatRequest {
  readonly messages: readonly ChatMessage[];
  readonly thinking: boolean | null; // null: the model has no such switch
  readonly temperature: number | null; // null: the model's own default
  readonly maxTokens: number | null;
}

export interface Usage {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly reasoningTokens: number;
}

export type FinishReason = "stop" | "length" | "tool_calls" | "cancelled" | (string & {});

export type ChatEvent =
  | { readonly type: "thinking"; readonly text: string }
  | { readonly type: "answer"; readonly text: string }
  | { readonly type: "finish"; readonly reason: FinishReason }
  | { readonly type: "usage"; readonly usage: Usage };

export type Fetch = (input: string, init?: RequestInit) => Promise<Response>;

/**
 * Streams one answer. Throws ApiError where the server refuses, ConnectionLost where it cannot be reached or goes away
 * before the end, and the signal's AbortError where the caller stops.
 */
export async function* streamChat(
  fetch: Fetch,
  request: ChatRequest,
  signal: AbortSignal,
  key: string | null = null,
): AsyncGenerator<ChatEvent> {
  const response = await post(fetch, request, signal, key);
  if (!response.ok) throw errorFromBody(response.status, await readJson(response));
  if (!response.body) throw new ConnectionLost(t("errors.empty"));
  let finished = false;
  try {
    for await (const { data } of readEvents(response.body)) {
      if (data === "[DONE]") return;
      for (const event of parseChunk(data)) {
        finished ||= event.type === "finish";
        yield event;
      }
    }
  } catch (error) {
    if (signal.aborted || error instanceof ApiError) throw error;
    throw new ConnectionLost(t("errors.broke"));
  }
  // Some servers omit [DONE]; an answer that has its finish reason is complete all the same.
  if (!finished) throw new ConnectionLost(t("errors.closed"));
}

async function post(fetch: Fetch, request: ChatRequest, signal: AbortSignal, key: string | null): Promise<Response> {
  const authorization: Record<string, string> = key === null ? {} : { authorization: `Bearer ${key}` };
  try {
    return await fetch("v1/chat/completions", {
      method: "POST",
      headers: { "content-type": "application/json", accept: "text/event-stream", ...authorization },
      body: JSON.stringify(requestBody(request)),
      signal,
    });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new ConnectionLost(t("errors.unreachable"));
  }
}

export function requestBody(request: ChatRequest): Record<string, unknown> {
  return {
    messages: request.messages,
    stream: true,
    stream_options: { include_usage: true },
    ...(request.thinking === null ? {} : { thinking: { type: request.thinking ? "enabled" : "disabled" } }),
    ...(request.temperature === null ? {} : { temperature: request.temperature }),
    ...(request.maxTokens === null ? {} : { max_tokens: request.maxTokens }),
  };
}

/** The events of one `data:` line. Unknown fields are passed over; an error object is thrown. */
export function parseChunk(data: string): ChatEvent[] {
  const chunk = parseJson(data);
  if (!isRecord(chunk)) return [];
  if (chunk["error"] !== undefined && chunk["error"] !== null) throw errorFromBody(500, chunk);
  const events: ChatEvent[] = [];
  const choice: unknown = Array.isArray(chunk["choices"]) ? chunk["choices"][0] : undefined;
  if (isRecord(choice)) {
    const delta = isRecord(choice["delta"]) ? choice["delta"] : {};
    const thinking = delta["reasoning_content"];
    const answer = delta["content"];
    const reason = choice["finish_reason"];
    if (typeof thinking === "string" && thinking) events.push({ type: "thinking", text: thinking });
    if (typeof answer === "string" && answer) events.push({ type: "answer", text: answer });
    if (typeof reason === "string") events.push({ type: "finish", reason });
  }
  if (isRecord(chunk["usage"])) events.push({ type: "usage", usage: parseUsage(chunk["usage"]) });
  return events;
}

function parseJson(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    throw new ApiError(t("errors.notJson"), 502, t("errors.notJsonHelp"));
  }
}

function parseUsage(usage: Record<string, unknown>): Usage {
  const details = isRecord(usage["completion_tokens_details"]) ? usage["completion_tokens_details"] : {};
  return {
    promptTokens: count(usage["prompt_tokens"]),
    completionTokens: count(usage["completion_tokens"]),
    reasoningTokens: count(details["reasoning_tokens"]),
  };
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return null; // a proxy's HTML page, say: the status says enough
  }
}
