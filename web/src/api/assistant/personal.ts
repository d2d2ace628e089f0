/** What a reader sets once: memories, prompts, preferences; and the shares of a chat. */

import type { Client } from "./client";
import type { Page } from "./types";

export interface Memory {
  readonly id: string;
  readonly text: string;
}

export interface Prompt {
  readonly id: string;
  readonly name: string;
  readonly text: string;
  readonly variables: readonly string[];
}

export interface Preferences {
  readonly memory: boolean;
  readonly retention_days: number | null;
  readonly trash_days: number;
}

export interface Share {
  readonly token: string;
  readonly created: number;
  readonly url: string;
}

export interface ProjectFile {
  readonly id: string;
  readonly name: string;
}

const at = (kind: "memories" | "prompts" | "projects" | "shares", id: string) => `api/${kind}/${encodeURIComponent(id)}`;

export async function listMemories(client: Client): Promise<readonly Memory[]> {
  return (await client.json<Page<Memory>>("api/memories")).data;
}

export function addMemory(client: Client, text: string): Promise<Memory> {
  return client.json("api/memories", { json: { text } });
}

export function changeMemory(client: Client, id: string, text: string): Promise<Memory> {
  return client.json(at("memories", id), { method: "PATCH", json: { text } });
}

/** Forgets one; without an id, all. */
export async function deleteMemory(client: Client, id?: string): Promise<void> {
  await client.send(id === undefined ? "api/memories" : at("memories", id), { method: "DELETE" });
}

export async function listPrompts(client: Client): Promise<readonly Prompt[]> {
  return (await client.json<Page<Prompt>>("api/prompts")).data;
}

export function addPrompt(client: Client, prompt: { readonly name: string; readonly text: string }): Promise<Prompt> {
  return client.json("api/prompts", { json: prompt });
}

export function changePrompt(client: Client, id: string, change: { readonly name?: string; readonly text?: string }): Promise<Prompt> {
  return client.json(at("prompts", id), { method: "PATCH", json: change });
}

export async function deletePrompt(client: Client, id: string): Promise<void> {
  await client.send(at("prompts", id), { method: "DELETE" });
}

export function getPreferences(client: Client): Promise<Preferences> {
  return client.json("api/preferences");
}

export function changePreferences(client: Client, change: Partial<Preferences>): Promise<Preferences> {
  return client.json("api/preferences", { method: "PATCH", json: change });
}

const shares = (conversation: string) => `api/conversations/${encodeURIComponent(conversation)}/shares`;

export async function listShares(client: Client, conversation: string): Promise<readonly Share[]> {
  return (await client.json<Page<Share>>(shares(conversation))).data;
}

export function createShare(client: Client, conversation: string): Promise<Share> {
  return client.json(shares(conversation), { method: "POST" });
}

export async function revokeShare(client: Client, token: string): Promise<void> {
  await client.send(at("shares", token), { method: "DELETE" });
}

export async function listProjectFiles(client: Client, project: string): Promise<readonly ProjectFile[]> {
  return (await client.json<Page<ProjectFile>>(`${at("projects", project)}/files`)).data;
}

/** Uploads a file and gives it to all chats of a project. */
export async function addProjectFile(client: Client, project: string, file: File): Promise<void> {
  const { id } = await client.json<ProjectFile>(`api/files?${new URLSearchParams({ name: file.name })}`, { method: "POST", body: file });
  await client.send(`${at("projects", project)}/files`, { json: { file: id } });
}

export async function removeProjectFile(client: Client, project: string, file: string): Promise<void> {
  await client.send(`${at("projects", project)}/files/${encodeURIComponent(file)}`, { method: "DELETE" });
}
