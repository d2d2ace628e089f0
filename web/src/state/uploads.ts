/** Files on their way into a draft, and what the server knows of those that are there. */

import { signal, type ReadonlySignal, type Signal } from "@preact/signals";
import type { Client } from "../api/assistant/client";
import { getFile, type Sending, type StoredFile } from "../api/assistant/files";
import type { FilePart } from "../api/assistant/types";
import { ApiError } from "../api/errors";
import { t } from "../i18n";
import type { Drafts } from "./drafts";

/** A file that is not on the server yet. `problem`: why it will not be. */
export interface Upload {
  readonly key: number;
  readonly chat: string | null;
  readonly name: string;
  readonly bytes: number;
  readonly sent: number;
  readonly problem: string | null;
}

/** A file as the server has it; null until it has said so. */
export type Known = StoredFile | "gone" | null;

export type Send = (file: Blob, name: string, sending: Sending) => Promise<StoredFile>;

interface Parts {
  readonly client: Client;
  readonly drafts: Drafts;
  readonly send: Send;
}

const WAIT_S = 20; // of one request for a file that is being read
const RETRY_MS = 3000;

export class Uploads {
  readonly current: ReadonlySignal<readonly Upload[]>;
  private readonly uploads = signal<readonly Upload[]>([]);
  private readonly aborts = new Map<number, AbortController>();
  private readonly known = new Map<string, Signal<Known>>();
  private count = 0;

  constructor(private readonly parts: Parts) {
    this.current = this.uploads;
  }

  of(chat: string | null): readonly Upload[] {
    return this.uploads.value.filter((upload) => upload.chat === chat);
  }

  /** Whether the draft of a chat is not whole yet. */
  isSending(chat: string | null): boolean {
    return this.uploads.peek().some((upload) => upload.chat === chat && upload.problem === null);
  }

  /** Sends files, one after another, and puts each into the draft of its chat. */
  async add(chat: string | null, files: readonly File[]): Promise<void> {
    const added = files.map((file) => ({ file, upload: this.start(chat, file) }));
    for (const { file, upload } of added) await this.send(file, upload);
  }

  cancel(key: number): void {
    this.aborts.get(key)?.abort(new DOMException("cancelled", "AbortError"));
    this.end(key);
  }

  /** What the server says of a file. Asked again until it is read. */
  details(id: string): ReadonlySignal<Known> {
    let details = this.known.get(id);
    if (!details) {
      details = signal<Known>(null);
      this.known.set(id, details);
      void this.follow(id, details);
    }
    return details;
  }

  private start(chat: string | null, file: File): Upload {
    this.count += 1;
    const upload: Upload = { key: this.count, chat, name: file.name || t("files.pasted"), bytes: file.size, sent: 0, problem: null };
    this.aborts.set(upload.key, new AbortController());
    this.uploads.value = [...this.uploads.value, upload];
    return upload;
  }

  private async send(file: File, { key, chat, name }: Upload): Promise<void> {
    const abort = this.aborts.get(key);
    if (!abort || abort.signal.aborted) return;
    try {
      const stored = await this.parts.send(file, name, { signal: abort.signal, onProgress: (sent) => this.change(key, { sent }) });
      this.end(key);
      this.put(chat, stored);
    } catch (error) {
      if (abort.signal.aborted) return;
      this.change(key, { problem: message(error) });
    }
  }

  private put(chat: string | null, stored: StoredFile): void {
    const { files } = this.parts.drafts.of(chat).peek();
    const details = signal<Known>(stored);
    this.known.set(stored.id, details);
    this.parts.drafts.change(chat, { files: [...files, partOf(stored)] });
    void this.follow(stored.id, details);
  }

  /** Asks until a file is read, or gone. */
  private async follow(id: string, details: Signal<Known>): Promise<void> {
    for (;;) {
      try {
        const file = await getFile(this.parts.client, id, WAIT_S);
        details.value = file;
        if (file.state !== "reading") return;
      } catch (error) {
        if (error instanceof ApiError && error.status < 500) {
          details.value = "gone";
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  private change(key: number, change: Partial<Upload>): void {
    this.uploads.value = this.uploads.value.map((upload) => (upload.key === key ? { ...upload, ...change } : upload));
  }

  private end(key: number): void {
    this.aborts.delete(key);
    this.uploads.value = this.uploads.value.filter((upload) => upload.key !== key);
  }
}

export function partOf({ id, name, media_type, bytes, tokens, state }: StoredFile): FilePart {
  return { type: "file", file: id, name, media_type, bytes, tokens, state };
}

function message(error: unknown): string {
  return error instanceof Error && error.message ? error.message : t("errors.unreachable");
}
