/**
 * What the browser keeps: one record per conversation and one per message, each under its own key. There is no common
 * index to overwrite, so two tabs never clobber each other: a tab writes only the records it changed, and the browser's
 * storage event brings them to the others. (IndexedDB was refused: it cannot be written while a page is closing, which
 * is when a half-streamed answer must be saved.)
 */

import type { Usage } from "../api/chat";
import { isRecord } from "../api/errors";

export interface Conversation {
  readonly id: string;
  readonly title: string;
  readonly created: number; // ms since 1970
  readonly updated: number;
}

export type Role = "user" | "assistant";

/** waiting: for the model to load. interrupted: the page closed or the connection broke while it streamed. */
export type Status = "waiting" | "streaming" | "done" | "stopped" | "interrupted" | "failed";

/** A node of the conversation's tree: an edit or a second answer is a sibling, so nothing written is ever replaced. */
export interface Message {
  readonly id: string;
  readonly conversation: string;
  readonly parent: string | null;
  readonly role: Role;
  readonly text: string;
  readonly thinking: string;
  readonly thinkingSince: number | null; // null: does not think now
  readonly thinkingMs: number | null; // null: did not think, or still does
  readonly status: Status;
  readonly created: number;
  readonly updated: number;
  readonly owner: string | null; // the tab that streams it
  readonly model: string | null;
  readonly finish: string | null;
  readonly usage: Usage | null;
  readonly tokensPerSecond: number | null;
  readonly error: string | null;
  readonly remedy: string | null;
}

const CONVERSATION = "fathom:conversation:";
const MESSAGE = "fathom:message:";

export type Key = { readonly kind: "conversation"; readonly id: string } | { readonly kind: "message"; readonly conversation: string; readonly id: string };

export function conversationKey(id: string): string {
  return CONVERSATION + id;
}

export function messageKey(message: Pick<Message, "conversation" | "id">): string {
  return `${MESSAGE}${message.conversation}:${message.id}`;
}

/** Which record a storage key names; null for keys that are not ours. */
export function parseKey(key: string): Key | null {
  if (key.startsWith(CONVERSATION)) return { kind: "conversation", id: key.slice(CONVERSATION.length) };
  if (!key.startsWith(MESSAGE)) return null;
  const [conversation, id] = key.slice(MESSAGE.length).split(":");
  return conversation && id ? { kind: "message", conversation, id } : null;
}

/** The record under a key; null where it is absent or damaged. */
export function readConversation(storage: Storage, key: string): Conversation | null {
  const value = readJson(storage, key);
  if (!isRecord(value) || typeof value["id"] !== "string") return null;
  return {
    id: value["id"],
    title: string(value["title"]),
    created: number(value["created"]) ?? 0,
    updated: number(value["updated"]) ?? 0,
  };
}

export function readMessage(storage: Storage, key: string): Message | null {
  return parseMessage(readJson(storage, key));
}

/** A message from JSON of any origin: what is damaged gets its default; null where the message cannot be identified. */
export function parseMessage(value: unknown): Message | null {
  if (!isRecord(value) || typeof value["id"] !== "string" || typeof value["conversation"] !== "string") return null;
  return {
    id: value["id"],
    conversation: value["conversation"],
    parent: optional(value["parent"]),
    role: value["role"] === "assistant" ? "assistant" : "user",
    text: string(value["text"]),
    thinking: string(value["thinking"]),
    thinkingSince: number(value["thinkingSince"]),
    thinkingMs: number(value["thinkingMs"]),
    status: status(value["status"]),
    created: number(value["created"]) ?? 0,
    updated: number(value["updated"]) ?? 0,
    owner: optional(value["owner"]),
    model: optional(value["model"]),
    finish: optional(value["finish"]),
    usage: usage(value["usage"]),
    tokensPerSecond: number(value["tokensPerSecond"]),
    error: optional(value["error"]),
    remedy: optional(value["remedy"]),
  };
}

/** A message as it rests: whatever streamed it has stopped. */
export function settled(message: Message): Message {
  const moving = message.status === "waiting" || message.status === "streaming";
  return moving ? { ...message, status: "interrupted", owner: null } : message;
}

/** All keys of ours, read at once: the list may change while it is walked. */
export function ownKeys(storage: Storage): string[] {
  const keys: string[] = [];
  for (let index = 0; index < storage.length; index += 1) {
    const key = storage.key(index);
    if (key !== null && parseKey(key)) keys.push(key);
  }
  return keys;
}

function readJson(storage: Storage, key: string): unknown {
  try {
    return JSON.parse(storage.getItem(key) ?? "null");
  } catch {
    return null; // damaged by hand or by another program: the other records still count
  }
}

const statuses: ReadonlySet<unknown> = new Set<Status>(["waiting", "streaming", "done", "stopped", "interrupted", "failed"]);

function status(value: unknown): Status {
  return statuses.has(value) ? (value as Status) : "done";
}

function usage(value: unknown): Usage | null {
  if (!isRecord(value)) return null;
  return {
    promptTokens: number(value["promptTokens"]) ?? 0,
    completionTokens: number(value["completionTokens"]) ?? 0,
    reasoningTokens: number(value["reasoningTokens"]) ?? 0,
  };
}

function string(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function optional(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
