import type { Client } from "./client";

export interface Project {
  readonly id: string;
  readonly name: string;
  readonly instructions: string;
  readonly created: number;
  readonly updated: number;
}

export async function listProjects(client: Client): Promise<readonly Project[]> {
  const { data } = await client.json<{ data: readonly Project[] }>("api/projects?limit=200");
  return data;
}

export function createProject(client: Client, name: string): Promise<Project> {
  return client.json("api/projects", { json: { name } });
}
