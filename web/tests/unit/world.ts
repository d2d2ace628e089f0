/** A browser in miniature: a clock that the test moves, storage that tabs share, a server that the test plays. */

import type { Fetch } from "../../src/api/chat";
import { Access } from "../../src/state/access";
import { Answers } from "../../src/state/answers";
import { Library } from "../../src/state/library";
import { MemoryStorage } from "../../src/state/memory";
import { ModelMonitor } from "../../src/state/model";
import { SettingsStore } from "../../src/state/settings";
import { TITLE_REQUEST } from "../../src/state/titles";

export class TestClock {
  constructor(private time = 1_000_000) {}

  now(): number {
    return this.time;
  }

  pass(ms: number): void {
    this.time += ms;
  }
}

/** Storage that several tabs share. Like a browser, it tells each tab of what the others wrote, not of its own. */
export class SharedStorage {
  readonly items = new MemoryStorage();
  private readonly tabs = new Map<Storage, (key: string) => void>();

  tab(): Storage {
    const { items, tabs } = this;
    const tell = (key: string) => tabs.forEach((listener, other) => other !== storage && listener(key));
    const storage = new (class extends MemoryStorage {
      override get length() {
        return items.length;
      }
      override key(index: number) {
        return items.key(index);
      }
      override getItem(key: string) {
        return items.getItem(key);
      }
      override setItem(key: string, value: string) {
        items.setItem(key, value);
        tell(key);
      }
      override removeItem(key: string) {
        items.removeItem(key);
        tell(key);
      }
    })();
    return storage;
  }

  listen(storage: Storage, listener: (key: string) => void): void {
    this.tabs.set(storage, listener);
  }
}

/** A stream that the test writes to, as the body of an answer. */
export class Stream {
  readonly body: ReadableStream<Uint8Array>;
  private controller!: ReadableStreamDefaultController<Uint8Array>;

  constructor(signal?: AbortSignal | null) {
    this.body = new ReadableStream({
      start: (controller) => {
        this.controller = controller;
      },
    });
    signal?.addEventListener("abort", () => this.controller.error(signal.reason));
  }

  delta(delta: Record<string, string>): void {
    this.write({ choices: [{ delta }] });
  }

  finish(reason = "stop", completionTokens = 4): void {
    this.write({ choices: [{ delta: {}, finish_reason: reason }] });
    this.write({ choices: [], usage: { prompt_tokens: 2, completion_tokens: completionTokens } });
    this.controller.enqueue(new TextEncoder().encode("data: [DONE]\n\n"));
    this.controller.close();
  }

  /** The connection closes, and nothing more comes. */
  close(): void {
    this.controller.close();
  }

  private write(chunk: unknown): void {
    this.controller.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(chunk)}\n\n`));
  }
}

export class TestServer {
  health: Record<string, unknown> = { status: "ready", model: "m", capabilities: { thinking: true } };
  readonly requests: Record<string, unknown>[] = [];
  readonly keys: (string | null)[] = []; // that came with the requests
  readonly streams: Stream[] = [];
  readonly titleRequests: Record<string, unknown>[] = [];
  title = ""; // what the model calls a chat
  key: string | null = null; // the one it asks for
  refuse: { status: number; body: unknown } | null = null;

  readonly fetch: Fetch = async (path, init) => {
    if (path === "health") return Response.json(this.health);
    const request = JSON.parse(String(init?.body)) as Record<string, unknown>;
    if ((request["messages"] as { content: string }[]).at(-1)?.content === TITLE_REQUEST) return this.name(request);
    this.requests.push(request);
    const authorization = new Headers(init?.headers).get("authorization");
    this.keys.push(authorization);
    if (this.key !== null && authorization !== `Bearer ${this.key}`) return Response.json({ error: { message: "no" } }, { status: 401 });
    if (this.refuse) return Response.json(this.refuse.body, { status: this.refuse.status });
    const stream = new Stream(init?.signal);
    this.streams.push(stream);
    return new Response(stream.body);
  };

  private name(request: Record<string, unknown>): Response {
    this.titleRequests.push(request);
    const stream = new Stream();
    stream.delta({ content: this.title });
    stream.finish();
    return new Response(stream.body);
  }
}

/** A tab over a server and a storage: the parts of the state, without a page. */
export function openTab(server: TestServer, shared = new SharedStorage(), name = "a", clock = new TestClock()) {
  const storage = shared.tab();
  const access = new Access(storage);
  const settings = new SettingsStore(storage);
  const library = new Library(storage, clock, name);
  const model = new ModelMonitor(server.fetch);
  const answers = new Answers({ access, clock, fetch: server.fetch, library, model, settings });
  shared.listen(storage, (key) => {
    access.onStorage(key);
    library.onStorage(key);
    settings.onStorage(key);
  });
  return { access, storage, clock, settings, library, model, answers };
}
