/**
 * The key of a server that asks for one, kept in this browser and shared by its tabs.
 *
 * A refused answer waits here until there is another key to try, so that what the reader wrote is sent as soon as the
 * key is right. Several answers may wait at once: there is one question, and its reply serves them all.
 */

import { signal, type ReadonlySignal } from "@preact/signals";
import { ApiError } from "../api/errors";
import { t } from "../i18n";

export const ACCESS_KEY = "fathom:api-key";

/** Why the reader is asked: no key was sent, or the server did not accept the one that was. */
export type Asking = "missing" | "wrong";

interface Waiter {
  resolve(): void;
  reject(reason: unknown): void;
}

export class Access {
  readonly key: ReadonlySignal<string | null>;
  readonly asking: ReadonlySignal<Asking | null>;
  private readonly keySignal = signal<string | null>(null);
  private readonly askingSignal = signal<Asking | null>(null);
  private readonly waiting = new Set<Waiter>();

  constructor(private readonly storage: Storage) {
    this.key = this.keySignal;
    this.asking = this.askingSignal;
    this.keySignal.value = this.stored();
  }

  /** Keeps a key, and tries it at once where an answer waits for it. Text that no header can carry counts as no key. */
  change(text: string): void {
    const key = parseKey(text);
    try {
      if (key === null) this.storage.removeItem(ACCESS_KEY);
      else this.storage.setItem(ACCESS_KEY, key);
    } catch {
      // full or switched off: the key holds until the page closes
    }
    this.take(key);
  }

  /** The reader has no key to give: what waits for one fails. */
  decline(): void {
    const message = t(this.askingSignal.value === "wrong" ? "errors.keyWrong" : "errors.keyMissing");
    for (const { reject } of this.waiting) reject(new ApiError(message, 401, t("errors.keyHelp")));
  }

  /** Resolves once there is a key other than the one refused. Throws ApiError where the reader declines, the signal's reason where that aborts. */
  async another(refused: string | null, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.keySignal.value !== null && this.keySignal.value !== refused) return; // given while the request was under way
    this.askingSignal.value = refused === null ? "missing" : "wrong";
    let waiter: Waiter | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        waiter = { resolve, reject };
        this.waiting.add(waiter);
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      });
    } finally {
      if (waiter) this.waiting.delete(waiter);
      if (this.waiting.size === 0) this.askingSignal.value = null;
    }
  }

  /** Another tab gave a key or took it away. */
  onStorage(key: string | null): void {
    if (key === null || key === ACCESS_KEY) this.take(this.stored());
  }

  private take(key: string | null): void {
    this.keySignal.value = key;
    if (key !== null) for (const { resolve } of this.waiting) resolve();
  }

  private stored(): string | null {
    return parseKey(this.storage.getItem(ACCESS_KEY) ?? "");
  }
}

/** A key as a header can carry it: printable ASCII, without space around it. */
export function parseKey(text: string): string | null {
  const key = text.trim();
  return /^[ -~]+$/.test(key) ? key : null;
}
