/**
 * What the reader opened lately, for when the server cannot be reached: the list of chats and the latest chats are kept in
 * the browser's cache as they come, by requests and by the live stream, and answered from there where a request fails.
 *
 * An answer belongs to the key that it was given for: it is kept under a digest of it, found with the same one only, and
 * all of them are dropped when the key changes. Temporary chats are not kept. Where the browser has no cache (an address
 * that is neither secure nor this machine's), requests simply fail.
 */

import type { Fetch } from "../api/assistant/client";

const CACHE = "fathom-chats";
const MOST = 60; // answers: the oldest go first
const LARGEST = 2_000_000; // characters of one

const KEPT = /(?:^|\/)api\/(?:conversations(?:\/([^/?]+)(?:\/messages)?)?|preferences|projects)(?:\?.*)?$/;

export interface Kept {
  /** Keeps what comes, and answers from it. */
  readonly fetch: Fetch;
  /** Keeps what a request would bring now: the page has it from the live stream. */
  readonly keep: (input: string, body: unknown) => Promise<void>;
}

/** What is kept in `caches`. `keyOf` is the key that requests are sent with. */
export function openKept(fetch: Fetch, caches: CacheStorage | undefined, keyOf: () => string | null, base: string): Kept {
  const temporary = new Set<string>();
  let last: string | null | undefined;
  const asking: Fetch = async (input, init) => {
    const key = keyOf();
    if (caches && last !== undefined && key !== last) await caches.delete(CACHE).catch(() => false);
    last = key;
    const chat = KEPT.exec(input);
    const reads = init?.method === undefined || init.method === "GET";
    if (!caches || !chat) return fetch(input, init);
    if (!reads) {
      const answer = await fetch(input, init);
      if (init?.method === "DELETE" && answer.ok) await forget(caches, chat[1]);
      return answer;
    }
    const name = await address(base, input, key);
    try {
      const answer = await fetch(input, init);
      if (answer.ok) {
        const copy = answer.clone();
        void copy.text().then((text) => keep(caches, name, text, temporary, chat[1])).catch(() => undefined); // full or switched off
      }
      return answer;
    } catch (error) {
      if (init?.signal?.aborted) throw error;
      const kept = await caches.open(CACHE).then((cache) => cache.match(name), () => undefined);
      if (!kept) throw error;
      return kept;
    }
  };
  const keepNow = async (input: string, body: unknown) => {
    const chat = KEPT.exec(input);
    if (caches && chat) await keep(caches, await address(base, input, keyOf()), JSON.stringify(body), temporary, chat[1]).catch(() => undefined);
  };
  return { fetch: asking, keep: keepNow };
}

async function keep(caches: CacheStorage, name: string, text: string, temporary: Set<string>, id: string | undefined): Promise<void> {
  for (const row of rowsOf(text)) if (row.temporary === true && typeof row.id === "string") temporary.add(row.id);
  if (text.length > LARGEST || (id !== undefined && temporary.has(id))) return;
  const cache = await caches.open(CACHE);
  await cache.delete(name); // so that what was opened last is at the end
  await cache.put(name, new Response(text, { headers: { "content-type": "application/json" } }));
  const names = await cache.keys();
  await Promise.all(names.slice(0, -MOST).map((old) => cache.delete(old)));
}

interface Row {
  readonly id?: unknown;
  readonly temporary?: unknown;
}

/** The conversations in an answer, one or a list of them. */
function rowsOf(text: string): readonly Row[] {
  const body = JSON.parse(text) as Row & { readonly data?: unknown };
  return Array.isArray(body.data) ? (body.data as Row[]) : [body];
}

/** A chat that was deleted is not read again either. */
async function forget(caches: CacheStorage, id: string | undefined): Promise<void> {
  if (id === undefined) return;
  const cache = await caches.open(CACHE);
  const names = (await cache.keys()).filter(({ url }) => url.includes(`/conversations/${id}`) || /\/conversations(?:\?|$)/.test(url));
  await Promise.all(names.map((name) => cache.delete(name)));
}

/** The name of an answer in the cache: the address, and a digest of the key. */
async function address(base: string, input: string, key: string | null): Promise<string> {
  const url = new URL(input, base);
  url.searchParams.set("fathom-key", key === null ? "none" : await digest(key));
  return url.href;
}

async function digest(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
