import { query, type Client } from "./client";
import type { Message, Page, RunOptions, Sent, TreeNode } from "./types";

const path = (conversation: string) => `api/conversations/${encodeURIComponent(conversation)}`;

export function messagesPath(conversation: string, limit: number, before: string | null): string {
  return `${path(conversation)}/messages${query({ limit, before })}`;
}

/** The messages on the path to the chat's head, oldest first; `before` a message, or the last ones. `next`: whether older ones exist. */
export function listMessages(client: Client, conversation: string, limit: number, before: string | null, signal?: AbortSignal): Promise<Page<Message>> {
  return client.json(messagesPath(conversation, limit, before), signal ? { signal } : {});
}

export function getMessage(client: Client, id: string): Promise<Message> {
  return client.json(`api/messages/${encodeURIComponent(id)}`);
}

/** All messages of a chat, of every branch, without their text. */
export async function getTree(client: Client, conversation: string): Promise<readonly TreeNode[]> {
  const body = await client.json<{ data: readonly TreeNode[] } | readonly TreeNode[]>(`${path(conversation)}/tree`);
  return "data" in body ? body.data : body;
}

export interface Question {
  readonly parent: string | null;
  readonly text: string;
  readonly files: readonly string[];
  readonly run: RunOptions;
}

/** Adds a question and starts its answer. An edit is a question with the parent of the edited one. The same `key` again returns what is stored. */
export function sendMessage(client: Client, conversation: string, question: Question, key: string): Promise<Sent> {
  return client.json(`${path(conversation)}/messages`, { json: question, idempotencyKey: key });
}
