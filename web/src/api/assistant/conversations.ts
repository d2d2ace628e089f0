import { query, type Client } from "./client";
import type { Conversation, Page, RunOptions, SearchHit } from "./types";

export interface ConversationFilter {
  readonly limit?: number;
  readonly after?: string | null;
  readonly project?: string | null;
  readonly pinned?: boolean;
  readonly deleted?: boolean;
}

export interface ConversationChange {
  readonly title?: string;
  readonly pinned?: boolean;
  readonly project?: string | null;
  readonly settings?: RunOptions;
  readonly head?: string;
}

export const conversationPath = (id: string) => `api/conversations/${encodeURIComponent(id)}`;

export const listPath = (filter: ConversationFilter) => `api/conversations${query({ ...filter })}`;

/** Chats, the one last written to first. */
export function listConversations(client: Client, filter: ConversationFilter = {}, signal?: AbortSignal): Promise<Page<Conversation>> {
  return client.json(listPath(filter), signal ? { signal } : {});
}

/** The same `key` again returns the chat that it made. */
export function createConversation(client: Client, fields: { title?: string; project?: string | null; settings?: RunOptions; temporary?: boolean }, key: string): Promise<Conversation> {
  return client.json("api/conversations", { json: fields, idempotencyKey: key });
}

export function getConversation(client: Client, id: string): Promise<Conversation> {
  return client.json(conversationPath(id));
}

export function changeConversation(client: Client, id: string, change: ConversationChange): Promise<Conversation> {
  return client.json(conversationPath(id), { method: "PATCH", json: change });
}

/** Moves a chat to the trash. */
export async function deleteConversation(client: Client, id: string): Promise<void> {
  await client.send(conversationPath(id), { method: "DELETE" });
}

/** Takes a chat out of the trash. */
export async function restoreConversation(client: Client, id: string): Promise<void> {
  await client.send(`${conversationPath(id)}/restore`, { method: "POST" });
}

export function search(client: Client, text: string, after: string | null, signal: AbortSignal, limit = 30): Promise<Page<SearchHit>> {
  return client.json(`api/search${query({ q: text, limit, after })}`, { signal });
}
