/** GET /api/live: what changes on the server, as it changes. One stream a tab; it carries the runs of the chat that is open. */

import { readEvents } from "../sse";
import type { Client } from "./client";
import type { Conversation, Failure, Message, Run, RunEvent } from "./types";

export type LiveEvent =
  | { readonly type: "hello"; readonly epoch: string }
  | { readonly type: "conversation"; readonly row: Conversation }
  | { readonly type: "conversation.removed"; readonly id: string }
  | { readonly type: "message"; readonly conversation: string; readonly message: Message; readonly sequence: number | null }
  | { readonly type: "run"; readonly run: string; readonly conversation: string; readonly message: string | null; readonly event: RunEvent }
  | { readonly type: "run.state"; readonly conversation: string; readonly running: boolean; readonly title: string | null; readonly run: Run | null }
  | { readonly type: "storage"; readonly problem: Failure | null }
  | { readonly type: "other"; readonly name: string; readonly data: Readonly<Record<string, unknown>> };

/** A run that this tab holds up to a sequence number: the stream goes on behind it. */
export interface Position {
  readonly run: string;
  readonly sequence: number;
}

/** Ends when the server closes it. Throws ConnectionLost, ApiError, or the signal's reason. */
export async function* openLive(client: Client, conversation: string | null, positions: readonly Position[], signal: AbortSignal): AsyncGenerator<LiveEvent> {
  const query = new URLSearchParams();
  if (conversation !== null) query.set("conversation", conversation);
  for (const { run, sequence } of positions) query.append("run", `${run}:${sequence}`);
  const text = query.toString();
  const response = await client.send(`api/live${text && `?${text}`}`, { accept: "text/event-stream", signal });
  if (!response.body) return;
  for await (const { event, data } of readEvents(response.body)) {
    const parsed = parseLive(event, data);
    if (parsed) yield parsed;
  }
}

/** One event of the stream; null for one that cannot be read. */
export function parseLive(name: string, data: string): LiveEvent | null {
  let body: Record<string, unknown>;
  try {
    body = JSON.parse(data) as Record<string, unknown>;
  } catch {
    return null;
  }
  switch (name) {
    case "hello":
      return { type: "hello", epoch: String(body["epoch"] ?? "") };
    case "conversation":
      return { type: "conversation", row: (body["row"] ?? body) as Conversation };
    case "conversation.removed":
      return { type: "conversation.removed", id: String(body["id"]) };
    case "message": {
      const message = (body["message"] ?? body) as Message;
      const sequence = body["sequence"];
      return { type: "message", conversation: String(body["conversation"] ?? message.conversation ?? ""), message, sequence: typeof sequence === "number" ? sequence : null };
    }
    case "run":
      return {
        type: "run",
        run: String(body["run"]),
        conversation: String(body["conversation"]),
        message: typeof body["message"] === "string" ? body["message"] : null,
        event: (typeof body["event"] === "object" ? body["event"] : { ...body, type: body["type"] ?? body["event"] }) as RunEvent,
      };
    case "run.state":
      return {
        type: "run.state",
        conversation: String(body["conversation"]),
        running: body["running"] === true,
        title: typeof body["title"] === "string" ? body["title"] : null,
        run: null,
      };
    case "storage":
      return { type: "storage", problem: (body["error"] ?? null) as Failure | null };
    default:
      return { type: "other", name, data: body };
  }
}
