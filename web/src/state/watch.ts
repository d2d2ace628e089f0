/** Watches the chats that this tab had open, for answers that end while the reader looks at neither them nor the tab. */

import { effect } from "@preact/signals";
import type { Chats } from "./chats";
import type { Navigation } from "./navigation";

export const LONG_MS = 20_000; // of an answer after which a reader may have gone elsewhere

export interface WatchParts {
  readonly chats: Chats;
  readonly navigation: Navigation;
  readonly now: () => number; // ms
  readonly hidden: () => boolean;
  /** An answer has ended unseen in a chat that is not open; `long`: after LONG_MS or more. */
  readonly onEnd: (chat: string, long: boolean) => void;
}

export class Watch {
  private readonly opened = new Set<string>();
  private readonly since = new Map<string, number>(); // ms, of chats that are being answered

  constructor(private readonly parts: WatchParts) {}

  /** Call once. */
  start(): void {
    const { chats, navigation } = this.parts;
    effect(() => {
      const open = navigation.open.value;
      if (open !== null) this.opened.add(open);
      for (const id of this.opened) this.look(id, chats.get(id)?.running ?? null);
    });
  }

  /** Whether a chat that this tab had open is being answered. */
  get busy(): boolean {
    return this.since.size > 0;
  }

  private look(id: string, running: boolean | null): void {
    const { hidden, navigation, now, onEnd } = this.parts;
    const since = this.since.get(id);
    if (running && since === undefined) this.since.set(id, now());
    if (running || since === undefined) return;
    this.since.delete(id);
    if (running === null || id === navigation.open.peek() || !hidden()) return; // deleted, told by Attention, seen in the list
    onEnd(id, now() - since >= LONG_MS);
  }
}
