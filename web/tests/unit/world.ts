/** A page without a browser: its state over an assistant in memory, and a network that the test breaks. */

import { Client } from "../../src/api/assistant/client";
import { Access } from "../../src/state/access";
import { MemoryStorage } from "../../src/state/memory";
import { Assistant } from "../browser/assistant.mjs";

export interface Event {
  readonly kind?: "thinking" | "answer";
  readonly text?: string;
  readonly done?: Record<string, unknown>;
}

export async function* says(...events: Event[]): AsyncGenerator<Event> {
  for (const event of events) yield event;
  yield { done: { finish_reason: "stop", usage: { prompt_tokens: 1, completion_tokens: 2 } } };
}

export class World {
  readonly assistant = new Assistant(() => ({ events: says({ kind: "answer", text: "Yes." }) }));
  readonly storage = new MemoryStorage();
  readonly access = new Access(this.storage);
  readonly calls: string[] = [];
  readonly keys: string[] = []; // of requests that may be repeated
  readonly client = new Client((input, init) => this.fetch(input, init), this.access);
  key: string | null = null; // the one the server asks for
  away = false; // nothing arrives
  deaf = false; // it arrives, but no answer comes back

  async fetch(input: string, init: RequestInit = {}): Promise<Response> {
    const url = new URL(input, "http://page/");
    const method = init.method ?? "GET";
    this.calls.push(`${method} ${url.pathname.slice(1)}`);
    const repeated = new Headers(init.headers).get("idempotency-key");
    if (repeated !== null) this.keys.push(repeated);
    init.signal?.throwIfAborted();
    if (this.away) throw new TypeError("failed to fetch");
    if (this.key !== null && new Headers(init.headers).get("authorization") !== `Bearer ${this.key}`) return Response.json({ error: { message: "no" } }, { status: 401 });
    if (url.pathname === "/api/live") return this.live(url.searchParams, init.signal ?? null);
    const body = typeof init.body === "string" ? (JSON.parse(init.body) as unknown) : null;
    const { status = 200, json } = this.assistant["handle"](method, url.pathname.slice(5).split("/"), url.searchParams, body, init.body, repeated);
    if (this.deaf) throw new TypeError("the connection broke");
    return json === undefined ? new Response(null, { status }) : Response.json(json, { status });
  }

  private live(query: URLSearchParams, signal: AbortSignal | null): Response {
    let stream: { write(name: string, data: unknown): void; end(): void };
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        const encoder = new TextEncoder();
        let open = true;
        stream = {
          write: (name, data) => open && controller.enqueue(encoder.encode(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`)),
          end: () => {
            if (open) controller.close();
            open = false;
          },
        };
        signal?.addEventListener("abort", () => {
          this.assistant["streams"].delete(stream);
          if (open) controller.error(signal.reason);
          open = false;
        });
        this.assistant["live"](query, stream);
      },
    });
    return new Response(body);
  }
}

/** Waits until something holds. */
export async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 500; turn += 1) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  throw new Error("it did not come to pass");
}
