/** What the reader has written but not sent: one draft a chat and one for the new chat, kept in this browser until sent. */

import { signal, type ReadonlySignal, type Signal } from "@preact/signals";
import type { FilePart, RunOptions } from "../api/assistant/types";
import { isRecord } from "../api/errors";

export interface Draft {
  readonly text: string;
  readonly files: readonly FilePart[];
  /** What this chat is to be answered with from now on: only what the reader has changed. */
  readonly options: RunOptions;
  /** The model that answers the next question too. */
  readonly second?: string | null;
  /** Of the new chat: what it is to be made as. */
  readonly making?: Making;
}

/** In no list and soon deleted, or in a project. */
export interface Making {
  readonly temporary?: boolean;
  readonly project?: string;
}

const EMPTY: Draft = { text: "", files: [], options: {}, second: null, making: {} };
const PREFIX = "fathom:draft:";
const SAVE_MS = 300;

export class Drafts {
  private readonly drafts = new Map<string, Signal<Draft>>();
  private readonly unsaved = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly storage: Storage) {}

  /** The draft of a chat; of the new chat where there is none yet. */
  of(chat: string | null): ReadonlySignal<Draft> {
    return this.signalOf(chat ?? "new");
  }

  change(chat: string | null, change: Partial<Draft>): void {
    const name = chat ?? "new";
    const draft = this.signalOf(name);
    draft.value = { ...draft.peek(), ...change };
    this.unsaved.add(name);
    this.timer ??= setTimeout(() => this.save(), SAVE_MS);
  }

  clear(chat: string | null): void {
    this.change(chat, EMPTY);
    this.save();
  }

  /** Keeps what was changed last. The page is going away, or something was sent. */
  save(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    for (const name of this.unsaved) this.write(name);
    this.unsaved.clear();
  }

  /** Another tab wrote. */
  onStorage(key: string | null): void {
    for (const [name, draft] of this.drafts) {
      if ((key === null || key === PREFIX + name) && !this.unsaved.has(name)) draft.value = this.read(name);
    }
  }

  private signalOf(name: string): Signal<Draft> {
    let draft = this.drafts.get(name);
    if (!draft) {
      draft = signal(this.read(name));
      this.drafts.set(name, draft);
    }
    return draft;
  }

  private write(name: string): void {
    const draft = this.signalOf(name).peek();
    const empty = draft.text === "" && draft.files.length === 0 && Object.keys(draft.options).length === 0 && !draft.second && Object.keys(draft.making ?? {}).length === 0;
    try {
      if (empty) this.storage.removeItem(PREFIX + name);
      else this.storage.setItem(PREFIX + name, JSON.stringify(draft));
    } catch {
      // full or switched off: the draft holds until the page closes
    }
  }

  private read(name: string): Draft {
    return parseDraft(this.storage.getItem(PREFIX + name));
  }
}

export function parseDraft(text: string | null): Draft {
  let record: unknown;
  try {
    record = JSON.parse(text ?? "null");
  } catch {
    return EMPTY;
  }
  if (!isRecord(record)) return EMPTY;
  return {
    text: typeof record["text"] === "string" ? record["text"] : "",
    files: Array.isArray(record["files"]) ? (record["files"] as unknown[]).filter((file): file is FilePart => isRecord(file) && typeof file["file"] === "string") : [],
    options: isRecord(record["options"]) ? (record["options"] as RunOptions) : {},
    second: typeof record["second"] === "string" ? record["second"] : null,
    making: isRecord(record["making"]) ? (record["making"] as Making) : {},
  };
}
