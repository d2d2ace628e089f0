/** Which conversation is open: it lives in the address (#/c/<id>), so reload, back and links work. */

import { signal, type ReadonlySignal } from "@preact/signals";

export class Navigation {
  /** The open conversation; null: a new chat. */
  readonly open: ReadonlySignal<string | null>;
  private readonly value = signal<string | null>(null);

  constructor(private readonly window: Pick<Window, "location">) {
    this.open = this.value;
    this.onHashChange();
  }

  go(conversation: string | null): void {
    this.value.value = conversation;
    this.window.location.hash = conversation === null ? "#/" : `#/c/${encodeURIComponent(conversation)}`;
  }

  onHashChange(): void {
    const match = /^#\/c\/([\w%.-]+)$/.exec(this.window.location.hash);
    try {
      this.value.value = match?.[1] ? decodeURIComponent(match[1]) : null;
    } catch {
      this.value.value = null; // a mistyped address opens a new chat
    }
  }
}
