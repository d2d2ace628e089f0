/** The folders of the sidebar, as the server has them. */

import { signal, type ReadonlySignal } from "@preact/signals";
import type { Client } from "../api/assistant/client";
import { createProject, listProjects, type Project } from "../api/assistant/projects";
import { ApiError } from "../api/errors";

export class Projects {
  readonly rows: ReadonlySignal<readonly Project[]>;
  /** Ids of those whose chats are shown. */
  readonly open = signal<ReadonlySet<string>>(new Set());
  private readonly rowsSignal = signal<readonly Project[]>([]);

  constructor(private readonly client: Client) {
    this.rows = this.rowsSignal;
  }

  async refresh(): Promise<void> {
    try {
      this.rowsSignal.value = (await listProjects(this.client)).toSorted((a, b) => a.name.localeCompare(b.name));
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error; // a server without projects
    }
  }

  async create(name: string): Promise<Project> {
    const project = await createProject(this.client, name);
    this.rowsSignal.value = [...this.rowsSignal.peek(), project].toSorted((a, b) => a.name.localeCompare(b.name));
    return project;
  }

  toggle(id: string): void {
    const open = new Set(this.open.peek());
    if (!open.delete(id)) open.add(id);
    this.open.value = open;
  }
}
