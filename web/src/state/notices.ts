/** One short notice at the foot of the page, with an action where something can be taken back. */

import { signal, type ReadonlySignal } from "@preact/signals";

export interface Notice {
  readonly text: string;
  readonly lasting?: boolean; // until the reader dismisses it
  readonly action?: { readonly label: string; run(): void };
}

const SHOWN_MS = 8000;

export class Notices {
  readonly current: ReadonlySignal<Notice | null>;
  private readonly value = signal<Notice | null>(null);
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor() {
    this.current = this.value;
  }

  show(notice: Notice): void {
    this.value.value = notice;
    this.resume();
  }

  dismiss(): void {
    this.pause();
    this.value.value = null;
  }

  /** While the reader points at a notice or has it in focus, it stays. */
  pause(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  resume(): void {
    this.pause();
    if (!this.value.value?.lasting) this.timer = setTimeout(() => this.dismiss(), SHOWN_MS);
  }
}
