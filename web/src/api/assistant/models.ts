/** /api/models and /api/upstreams: what there is to choose from, and what can be done with it. */

import type { Client } from "./client";
import type { Failure } from "./types";

export type ModelPhase = "ready" | "loading" | "available" | "downloadable" | "downloading" | "failed";

export interface ModelRow {
  readonly id: string;
  readonly name: string;
  readonly kind: "local" | "recommended" | "upstream";
  readonly state: ModelPhase;
  readonly stage: string | null;
  readonly progress: number | null; // 0…1, of loading, of a download, of an interrupted one
  readonly error: Failure | null;
  readonly licence: string | null;
  readonly parameters: number | null;
  readonly bytes: number | null;
  readonly memory_bytes: number | null;
  readonly fits: boolean;
  readonly tokens_per_second: number | null;
  readonly thinking: boolean;
  readonly tools: boolean;
  readonly vision: boolean;
  readonly context: number | null;
  readonly purpose: string;
  readonly languages: string;
  readonly origin: "embedded" | "pulled" | "own" | "hub_cache" | "run" | null;
  readonly served: boolean;
  readonly removable: boolean;
}

export interface Upstream {
  readonly id: string;
  readonly name: string;
  readonly base_url: string;
  readonly key: string | null; // its end
  readonly models: readonly { readonly id: string; readonly name: string }[];
}

export interface NewUpstream {
  readonly name: string;
  readonly base_url: string;
  readonly api_key?: string;
  readonly models?: readonly string[];
}

// ids hold slashes, which stay: the server reads all of the path up to the action
const path = (id: string) => `api/models/${id.split("/").map(encodeURIComponent).join("/")}`;

export async function listModels(client: Client): Promise<readonly ModelRow[]> {
  return (await client.json<{ data: readonly ModelRow[] }>("api/models")).data;
}

/** Begins a download, or resumes one that was interrupted. */
export async function startDownload(client: Client, id: string): Promise<void> {
  await client.send(`${path(id)}/download`, { method: "POST" });
}

/** What has arrived stays. */
export async function cancelDownload(client: Client, id: string): Promise<void> {
  await client.send(`${path(id)}/download`, { method: "DELETE" });
}

export async function loadModel(client: Client, id: string): Promise<void> {
  await client.send(`${path(id)}/load`, { method: "POST" });
}

export async function measureModel(client: Client, id: string): Promise<void> {
  await client.send(`${path(id)}/measure`, { method: "POST" });
}

/** Deletes the files that Fathom fetched. */
export async function removeModel(client: Client, id: string): Promise<void> {
  await client.send(path(id), { method: "DELETE" });
}

export async function listUpstreams(client: Client): Promise<readonly Upstream[]> {
  return (await client.json<{ data: readonly Upstream[] }>("api/upstreams")).data;
}

export function addUpstream(client: Client, upstream: NewUpstream): Promise<Upstream> {
  return client.json("api/upstreams", { json: upstream });
}

/** Says of an upstream's model whether it sees pictures; `model` is its id in the list of models. */
export async function setVision(client: Client, model: string, vision: boolean): Promise<void> {
  for (const { id, models } of await listUpstreams(client)) {
    const found = models.find((one) => one.id === model);
    if (found) await client.send(`api/upstreams/${id}`, { method: "PATCH", json: { vision: { [found.name]: vision } } });
  }
}

export function checkUpstream(client: Client, id: string): Promise<Upstream> {
  return client.json(`api/upstreams/${id}/check`, { method: "POST" });
}

export async function removeUpstream(client: Client, id: string): Promise<void> {
  await client.send(`api/upstreams/${id}`, { method: "DELETE" });
}
