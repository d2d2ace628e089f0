import type { Client } from "./client";
import type { Page } from "./types";

export type Policy = "ask" | "always" | "never";

export interface ToolInfo {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly policy: Policy;
  readonly server: string | null;
  readonly effects: boolean;
}

export interface StdioConfig {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface HttpConfig {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export type NewToolServer =
  | { readonly name: string; readonly transport: "stdio"; readonly config: StdioConfig }
  | { readonly name: string; readonly transport: "http"; readonly config: HttpConfig };

export type ToolServer = NewToolServer & { readonly id: string; readonly enabled: boolean; readonly error: string | null };

export interface ServerCheck {
  readonly tools: readonly { readonly name: string; readonly title: string; readonly description: string }[];
  readonly error: string | null;
}

export interface SearchPreferences {
  readonly provider: "duckduckgo" | "searxng" | null;
  readonly url: string | null;
}

export interface SearchCheck {
  readonly titles: readonly string[];
  readonly error: string | null;
}

const servers = "api/tool-servers";

export async function listTools(client: Client): Promise<readonly ToolInfo[]> {
  return (await client.json<Page<ToolInfo>>("api/tools")).data;
}

export async function setPolicy(client: Client, tool: string, policy: Policy): Promise<void> {
  await client.send(`api/tools/${encodeURIComponent(tool)}/policy`, { method: "PUT", json: { policy } });
}

export async function listServers(client: Client): Promise<readonly ToolServer[]> {
  return (await client.json<Page<ToolServer>>(servers)).data;
}

export function addServer(client: Client, server: NewToolServer): Promise<ToolServer> {
  return client.json(servers, { json: server });
}

export function enableServer(client: Client, id: string, enabled: boolean): Promise<ToolServer> {
  return client.json(`${servers}/${id}`, { method: "PATCH", json: { enabled } });
}

export async function removeServer(client: Client, id: string): Promise<void> {
  await client.send(`${servers}/${id}`, { method: "DELETE" });
}

export function checkServer(client: Client, id: string): Promise<ServerCheck> {
  return client.json(`${servers}/${id}/check`, { method: "POST" });
}

export async function searchPreferences(client: Client): Promise<SearchPreferences> {
  const { search } = await client.json<{ readonly search: Partial<SearchPreferences> | null }>("api/preferences");
  return { provider: search?.provider ?? null, url: search?.url ?? null };
}

export async function keepSearch(client: Client, search: SearchPreferences): Promise<void> {
  await client.send("api/preferences", { method: "PATCH", json: { search } });
}

/** Sends one query to the provider. */
export function checkSearch(client: Client, search: SearchPreferences): Promise<SearchCheck> {
  return client.json("api/web-search/check", { json: search });
}
