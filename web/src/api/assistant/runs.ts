import type { Client } from "./client";
import type { Message, Run, RunOptions } from "./types";

const path = (conversation: string) => `api/conversations/${encodeURIComponent(conversation)}/runs`;

export interface Started {
  readonly message: Message;
  readonly run: Run;
}

/** Answers a question again: the new answer is a sibling of the others. */
export function regenerate(client: Client, conversation: string, parent: string, options: RunOptions): Promise<Started> {
  return client.json(path(conversation), { json: { parent, ...options } });
}

/** Goes on where an answer ended, or from a thought that the reader rewrote, as a new version. */
export function continueAnswer(client: Client, conversation: string, message: string, thinking: string | null, options: RunOptions): Promise<Started> {
  return client.json(path(conversation), { json: { ...options, continues: message, ...(thinking === null ? {} : { thinking }) } });
}

export async function stopRun(client: Client, conversation: string, run: string): Promise<void> {
  await client.send(`${path(conversation)}/${run}/stop`, { method: "POST" });
}

/** Ends the thinking: the answer follows from what was thought so far. */
export async function answerNow(client: Client, conversation: string, run: string): Promise<void> {
  await client.send(`${path(conversation)}/${run}/answer-now`, { method: "POST" });
}

export async function consent(client: Client, conversation: string, run: string, call: string, allow: boolean, always = false): Promise<void> {
  await client.send(`${path(conversation)}/${run}/tool-calls/${encodeURIComponent(call)}/consent`, { json: { allow, always } });
}
