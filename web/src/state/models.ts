/** The models to choose from, asked for again while one of them loads or is fetched. */

import { signal, type ReadonlySignal } from "@preact/signals";
import type { Client } from "../api/assistant/client";
import { listModels, type ModelRow } from "../api/assistant/models";

const MOVING_MS = 1000;

export class Models {
  /** null until they are known. */
  readonly rows: ReadonlySignal<readonly ModelRow[] | null>;
  readonly problem: ReadonlySignal<unknown>;
  private readonly rowsSignal = signal<readonly ModelRow[] | null>(null);
  private readonly problemSignal = signal<unknown>(null);
  private watchers = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly client: Client) {
    this.rows = this.rowsSignal;
    this.problem = this.problemSignal;
  }

  /** The row of a model; of the one that the server was started with where none is named. */
  find(id: string | undefined): ModelRow | null {
    return this.rowsSignal.value?.find((row) => (id === undefined ? row.served : row.id === id)) ?? null;
  }

  async refresh(): Promise<void> {
    try {
      this.rowsSignal.value = await listModels(this.client);
      this.problemSignal.value = null;
    } catch (error) {
      this.problemSignal.value = error;
    }
    this.plan();
  }

  /** Keeps the rows current until the function that it returns is called. */
  watch(): () => void {
    this.watchers += 1;
    void this.refresh();
    return () => {
      this.watchers -= 1;
      this.plan();
    };
  }

  private plan(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const moving = this.rowsSignal.peek()?.some(({ state }) => state === "loading" || state === "downloading");
    if (this.watchers > 0 && (moving || this.problemSignal.peek() !== null)) this.timer = setTimeout(() => void this.refresh(), MOVING_MS);
  }
}

/** Those whose name, licence, purpose or languages have every word of the search; by default all. */
export function search(rows: readonly ModelRow[], text: string): ModelRow[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    const about = [row.id, row.licence, row.purpose, row.languages].join(" ").toLowerCase();
    return words.every((word) => about.includes(word));
  });
}

/** Whether a question can go to it now: a local one is loaded when it is asked. */
export function isUsable({ kind, state }: ModelRow): boolean {
  return kind !== "recommended" && state !== "failed";
}

/** A repository of the hub, as `fathom pull` takes it: ORGANIZATION/MODEL, with or without :VARIANT. */
export function isRepository(text: string): boolean {
  return /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*(:[\w.-]+)?$/.test(text);
}
