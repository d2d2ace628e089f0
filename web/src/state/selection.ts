/** The chats that are chosen in the sidebar, to be deleted or moved together. */

import { computed, signal, type ReadonlySignal } from "@preact/signals";
import type { Chats } from "./chats";

export class Selection {
  /** Whether chats are being chosen: a click then chooses instead of opening. */
  readonly active: ReadonlySignal<boolean>;
  /** Ids of the chosen chats; those that have gone meanwhile are not among them. */
  readonly ids: ReadonlySignal<readonly string[]>;
  private readonly chosen = signal<ReadonlySet<string> | null>(null);
  private last: string | null = null;

  constructor(chats: Chats) {
    this.active = computed(() => this.chosen.value !== null);
    this.ids = computed(() => [...(this.chosen.value ?? [])].filter((id) => chats.get(id) !== undefined));
  }

  has(id: string): boolean {
    return this.chosen.value?.has(id) ?? false;
  }

  start(): void {
    this.last = null;
    this.chosen.value = new Set();
  }

  end(): void {
    this.chosen.value = null;
  }

  /** Chooses a chat, or no longer; with `order`, the ids as they are listed, so does with all from the last one on. */
  toggle(id: string, order: readonly string[] | null = null): void {
    const chosen = new Set(this.chosen.peek());
    const add = !chosen.has(id);
    const from = this.last === null ? -1 : (order?.indexOf(this.last) ?? -1);
    const to = order?.indexOf(id) ?? -1;
    const range = order && from >= 0 && to >= 0 ? order.slice(Math.min(from, to), Math.max(from, to) + 1) : [id];
    for (const one of range) {
      if (add) chosen.add(one);
      else chosen.delete(one);
    }
    this.last = id;
    this.chosen.value = chosen;
  }

  /** Chooses these and no other. */
  choose(ids: readonly string[]): void {
    this.chosen.value = new Set(ids);
  }
}
