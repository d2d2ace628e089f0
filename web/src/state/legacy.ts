/**
 * The chats that earlier pages kept in this browser, one record a chat and one a message. They are read to be given to
 * the server, in the form of that page's own files, and removed once the server has them.
 */

import { isRecord } from "../api/errors";

const CONVERSATION = "fathom:conversation:";
const MESSAGE = "fathom:message:";

interface LegacyConversation {
  readonly format: "fathom-conversation";
  readonly version: 1;
  readonly id: string;
  readonly title: unknown;
  readonly created: unknown;
  readonly messages: readonly Record<string, unknown>[];
}

/** How many chats are kept here. */
export function countLegacy(storage: Storage): number {
  return keysOf(storage, CONVERSATION).length;
}

/** All of them, as `POST /api/imports` takes them; but what is damaged beyond reading and chats without messages. */
export function readLegacy(storage: Storage): { readonly conversations: readonly LegacyConversation[] } {
  const messages = new Map<string, Record<string, unknown>[]>();
  for (const key of keysOf(storage, MESSAGE)) {
    const message = read(storage, key);
    const conversation = message?.["conversation"];
    if (message && typeof conversation === "string") messages.set(conversation, [...(messages.get(conversation) ?? []), message]);
  }
  const conversations: LegacyConversation[] = [];
  for (const key of keysOf(storage, CONVERSATION)) {
    const record = read(storage, key);
    const id = record?.["id"];
    if (!record || typeof id !== "string") continue;
    if (!messages.has(id)) continue;
    const own = (messages.get(id) ?? []).toSorted((a, b) => Number(a["created"]) - Number(b["created"]) || (String(a["id"]) < String(b["id"]) ? -1 : 1));
    conversations.push({ format: "fathom-conversation", version: 1, id, title: record["title"], created: record["created"], messages: own });
  }
  return { conversations };
}

export function removeLegacy(storage: Storage): void {
  for (const key of [...keysOf(storage, CONVERSATION), ...keysOf(storage, MESSAGE)]) storage.removeItem(key);
}

function keysOf(storage: Storage, prefix: string): string[] {
  const keys: string[] = [];
  for (let index = 0; index < storage.length; index += 1) {
    const key = storage.key(index);
    if (key?.startsWith(prefix)) keys.push(key);
  }
  return keys;
}

function read(storage: Storage, key: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(storage.getItem(key) ?? "null");
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}
