/** The list of chats, as the server has it: the latest first, in pages, changed live. */

import { computed, signal, type ReadonlySignal } from "@preact/signals";
import type { Client } from "../api/assistant/client";
import { getConversation, listConversations, listPath } from "../api/assistant/conversations";
import type { Conversation, Page } from "../api/assistant/types";
import { ApiError } from "../api/errors";

const PAGE = 100;

export class Chats {
  /** Those that are loaded, the latest first. */
  readonly rows: ReadonlySignal<readonly Conversation[]>;
  readonly pinned: ReadonlySignal<readonly Conversation[]>;
  /** Those that are neither pinned nor in a project. */
  readonly others: ReadonlySignal<readonly Conversation[]>;
  /** Whether older ones are on the server. */
  readonly more: ReadonlySignal<boolean>;
  /** False until the first page has come. */
  readonly ready: ReadonlySignal<boolean>;
  private readonly rowsSignal = signal<readonly Conversation[]>([]);
  private readonly aside = signal<ReadonlyMap<string, Conversation>>(new Map()); // not in the list as far as it is loaded: pinned, in a project, open, temporary
  private readonly cursor = signal<string | null>(null);
  private readonly readySignal = signal(false);
  readonly path = listPath({ limit: PAGE });
  private loading = false;
  private revision = 0;
  private readonly changed = new Map<string, number>(); // the revision in which a chat was put or removed

  constructor(private readonly client: Client) {
    this.rows = this.rowsSignal;
    this.ready = this.readySignal;
    this.more = computed(() => this.cursor.value !== null);
    this.pinned = computed(() => {
      const loaded = this.rowsSignal.value.filter(({ pinned }) => pinned);
      const ids = new Set(loaded.map(({ id }) => id));
      const older = [...this.aside.value.values()].filter(({ pinned, id }) => pinned && !ids.has(id));
      return [...loaded, ...older].toSorted(latestFirst);
    });
    this.others = computed(() => this.rowsSignal.value.filter(({ pinned, project }) => !pinned && project === null));
  }

  /** Those of a project that are known, the latest first. */
  inProject(project: string): Conversation[] {
    const known = new Map([...this.aside.value, ...this.rowsSignal.value.map((row) => [row.id, row] as const)]);
    return [...known.values()].filter((row) => row.project === project).toSorted(latestFirst);
  }

  /** Fetches the latest of a project, however old they are; what has gone from it meanwhile goes here too. */
  async loadProject(project: string): Promise<void> {
    const { revision } = this;
    const { data, next } = await listConversations(this.client, { limit: PAGE, project });
    const ids = new Set(data.map(({ id }) => id));
    const gone = next === null ? [...this.aside.peek().values()].filter((row) => row.project === project && !row.temporary && !ids.has(row.id)) : [];
    for (const row of gone) if (!this.isNewer(row.id, revision)) this.remove(row.id);
    for (const row of data) if (!this.isNewer(row.id, revision)) this.put(row);
  }

  /** What `path` would be answered with now. */
  page(): Page<Conversation> {
    return { data: this.rowsSignal.peek(), next: this.cursor.peek() };
  }

  get(id: string): Conversation | undefined {
    return this.rowsSignal.value.find((row) => row.id === id) ?? this.aside.value.get(id);
  }

  /** Fetches the beginning of the list and what is pinned; what has gone from it meanwhile goes here too. */
  async refresh(): Promise<void> {
    const { revision } = this;
    const [head, pinned] = await Promise.all([
      listConversations(this.client, { limit: PAGE }),
      listConversations(this.client, { limit: PAGE, pinned: true }),
    ]);
    const others = [...this.aside.peek().values()].filter((row) => !row.pinned || this.isNewer(row.id, revision));
    const aside = pinned.data.map((row) => this.latest(row, revision)).filter((row) => row !== undefined);
    this.aside.value = new Map([...others, ...aside].map((row) => [row.id, row]));
    this.join(head, revision);
    this.readySignal.value = true;
  }

  async loadMore(): Promise<void> {
    const after = this.cursor.peek();
    if (after === null || this.loading) return;
    this.loading = true;
    const { revision } = this;
    try {
      const { data, next } = await listConversations(this.client, { limit: PAGE, after });
      if (this.cursor.peek() !== after) return;
      const known = new Set(this.rowsSignal.peek().map(({ id }) => id));
      const added = data.map((row) => this.latest(row, revision)).filter((row) => row !== undefined && !known.has(row.id)) as Conversation[];
      this.rowsSignal.value = [...this.rowsSignal.peek(), ...added].toSorted(latestFirst);
      this.cursor.value = next;
    } finally {
      this.loading = false;
    }
  }

  /** Makes sure that a chat is known which may be older than what is loaded. Throws ApiError where there is none. */
  async ensure(id: string): Promise<void> {
    if (!this.get(id)) await this.fetch(id);
  }

  /** Fetches a chat anew that the list does not hold: it is older, or temporary. One that is gone goes here too. */
  async reload(id: string): Promise<void> {
    if (this.rowsSignal.peek().some((row) => row.id === id)) return;
    try {
      await this.fetch(id);
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
      this.remove(id);
    }
  }

  /** A chat is new or has changed. */
  put(row: Conversation): void {
    if (row.deleted !== null && row.deleted !== undefined) return this.remove(row.id);
    this.mark(row.id);
    if (row.temporary) {
      this.aside.value = new Map(this.aside.peek()).set(row.id, row);
      return;
    }
    const rows = this.rowsSignal.peek().filter(({ id }) => id !== row.id);
    const oldest = rows.at(-1);
    if (this.cursor.peek() !== null && oldest && latestFirst(row, oldest) > 0) {
      if (rows.length !== this.rowsSignal.peek().length) this.rowsSignal.value = rows;
      this.aside.value = new Map(this.aside.peek()).set(row.id, row);
      return;
    }
    const at = rows.findIndex((other) => latestFirst(row, other) < 0);
    this.rowsSignal.value = at < 0 ? [...rows, row] : rows.toSpliced(at, 0, row);
    if (this.aside.peek().has(row.id)) this.aside.value = new Map(this.aside.peek()).set(row.id, row);
  }

  change(id: string, change: Partial<Conversation>): void {
    const row = this.get(id);
    if (row) this.put({ ...row, ...change });
  }

  remove(id: string): void {
    this.mark(id);
    this.rowsSignal.value = this.rowsSignal.peek().filter((row) => row.id !== id);
    const aside = new Map(this.aside.peek());
    if (aside.delete(id)) this.aside.value = aside;
  }

  private async fetch(id: string): Promise<void> {
    const { revision } = this;
    const row = await getConversation(this.client, id);
    if (!this.isNewer(id, revision)) this.put(row);
  }

  /** Puts the beginning of the list, as it was asked for in a revision, before what is held of the rest. */
  private join({ data, next }: Page<Conversation>, revision: number): void {
    const held = this.rowsSignal.peek();
    const ids = new Set(data.map(({ id }) => id));
    const last = data.at(-1);
    const continues = next !== null && held.some(({ id }) => ids.has(id));
    const head = data.map((row) => this.latest(row, revision)).filter((row) => row !== undefined);
    const rest = held.filter((row) => !ids.has(row.id) && (this.isNewer(row.id, revision) || (continues && last !== undefined && latestFirst(row, last) > 0)));
    this.rowsSignal.value = [...head, ...rest].toSorted(latestFirst);
    if (!continues) this.cursor.value = next;
  }

  /** A row that was fetched, or what is known of it since then; undefined where it was removed since. */
  private latest(row: Conversation, revision: number): Conversation | undefined {
    return this.isNewer(row.id, revision) ? this.get(row.id) : row;
  }

  private isNewer(id: string, revision: number): boolean {
    return (this.changed.get(id) ?? 0) > revision;
  }

  private mark(id: string): void {
    this.revision += 1;
    this.changed.set(id, this.revision);
  }
}

function latestFirst(a: Conversation, b: Conversation): number {
  return b.updated - a.updated || (a.id < b.id ? 1 : -1);
}
