/** Requests to the assistant's API: JSON there and back, with the key of a server that asks for one. */

import { t } from "../../i18n";
import { ApiError, ConnectionLost, errorFromBody } from "../errors";

export type Fetch = (input: string, init?: RequestInit) => Promise<Response>;

/** Where the key comes from; `another` waits for the reader to give one (state/access.ts). */
export interface Keys {
  readonly key: { readonly value: string | null; peek(): string | null };
  another(refused: string | null, signal: AbortSignal): Promise<void>;
}

export interface RequestOptions {
  readonly method?: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  readonly json?: unknown;
  readonly body?: BodyInit;
  readonly accept?: string;
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
}

const never = new AbortController().signal;

export class Client {
  /** Server's clock minus this one, in ms: the `Date` of answers, which is whole seconds. */
  private offset: number | null = null;

  constructor(
    private readonly fetch: Fetch,
    private readonly keys: Keys,
    private readonly now: () => number = Date.now,
  ) {}

  /** The time by the server's clock: what it stores is compared with this, never with the browser's own. */
  serverNow(): number {
    return this.now() + (this.offset ?? 0);
  }

  /** The JSON of an answer; null where there is none. Throws ApiError, ConnectionLost, or the signal's reason. */
  async json<Body>(path: string, options: RequestOptions = {}): Promise<Body> {
    const response = await this.send(path, options);
    if (response.status === 204) return null as Body;
    try {
      return (await response.json()) as Body;
    } catch {
      options.signal?.throwIfAborted();
      throw new ConnectionLost(t("errors.broke"));
    }
  }

  /** An answer that the server gave with success. Where it asks for a key, the reader is asked, and it is sent again. */
  async send(path: string, options: RequestOptions = {}): Promise<Response> {
    for (;;) {
      const key = this.keys.key.peek();
      const response = await this.once(path, options, key);
      this.readClock(response);
      if (response.ok) return response;
      if (response.status !== 401) throw errorFromBody(response.status, await readJson(response));
      await this.keys.another(key, options.signal ?? never);
    }
  }

  private async once(path: string, { method, json, body, accept, idempotencyKey, signal }: RequestOptions, key: string | null): Promise<Response> {
    const headers: Record<string, string> = { accept: accept ?? "application/json" };
    if (key !== null) headers["authorization"] = `Bearer ${key}`;
    if (json !== undefined) headers["content-type"] = "application/json";
    if (idempotencyKey !== undefined) headers["idempotency-key"] = idempotencyKey;
    const content = json === undefined ? body : JSON.stringify(json);
    try {
      return await this.fetch(path, {
        method: method ?? (content === undefined ? "GET" : "POST"),
        headers,
        cache: "no-store",
        ...(content === undefined ? {} : { body: content }),
        ...(signal ? { signal } : {}),
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ConnectionLost(t("errors.unreachable"));
    }
  }

  private readClock(response: Response): void {
    const date = Date.parse(response.headers.get("date") ?? "");
    if (Number.isFinite(date)) this.offset = date + 500 - this.now();
    if (this.offset !== null && Math.abs(this.offset) < 1500) this.offset = 0; // within what a Date can tell
  }
}

/** Whether the same request may succeed later without a change: the server is away, busy or starting. */
export function isPassing(error: unknown): boolean {
  return error instanceof ConnectionLost || (error instanceof ApiError && [429, 502, 503, 504].includes(error.status));
}

/** `?a=1&b=2` of what is given; nothing for null and undefined. */
export function query(values: Readonly<Record<string, string | number | boolean | null | undefined>>): string {
  const given = Object.entries(values).filter((entry): entry is [string, string | number | boolean] => entry[1] !== null && entry[1] !== undefined);
  return given.length === 0 ? "" : `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return null; // a proxy's HTML page, say: the status says enough
  }
}
