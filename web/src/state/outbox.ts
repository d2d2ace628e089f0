/**
 * Questions on their way to the server. Each is kept in this browser until the server has it: a lost connection or a
 * reload loses none, and none is sent twice. One that is written while an answer streams waits for its end.
 */

import { signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { isPassing, type Client } from "../api/assistant/client";
import { createConversation } from "../api/assistant/conversations";
import { getTree, listMessages, sendMessage } from "../api/assistant/messages";
import { regenerate } from "../api/assistant/runs";
import type { Conversation, Failure, FilePart, Message, RunOptions, Sent } from "../api/assistant/types";
import { ApiError, isRecord } from "../api/errors";
import type { Making } from "./drafts";
import { isMoving, textOf } from "./message";

/** queued: until the answer that streams has ended. failed: the server refused it. */
export type OutgoingState = "queued" | "sending" | "failed";

export interface Outgoing {
  readonly id: string; // also the key by which the server knows it again
  readonly parent?: string | null; // undefined: the last message, whichever it is by then
  readonly text: string;
  readonly files: readonly FilePart[];
  readonly options: RunOptions;
  /** The model that answers the question too. */
  readonly second?: string;
  /** What the chat is made as, of which this is the first question. */
  readonly making?: Making;
  /** The question that the server has by now: only the second answer is still to be asked for. */
  readonly asked?: string;
  readonly state: OutgoingState;
  readonly problem: Failure | null; // why it is not sent: for good, or not yet
  readonly at: number; // by the server's clock
}

const PREFIX = "fathom:outbox:";
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8000;
const LOOKED_AT = 6; // messages at the end of a path among which a question that arrived after all is looked for
const EARLIER_MS = 5000; // that clocks may differ

export interface OutboxParts {
  readonly client: Client;
  readonly storage: Storage;
  /** The message that a chat ends with, and whether it is being answered. */
  readonly end: (chat: string) => Promise<{ readonly last: Message | null; readonly moving: boolean }>;
  readonly onCreated: (row: Conversation) => void;
  readonly onSent: (chat: string, sent: Sent) => void;
  /** Two models answer the same question: the message is the second answer. */
  readonly onSecond?: (chat: string, message: Message) => void;
  readonly onRefused?: (problem: Failure) => void;
  readonly wait?: (ms: number) => Promise<void>;
}

export class Outbox {
  private readonly boxes = new Map<string, Signal<readonly Outgoing[]>>();
  private readonly busy = new Set<string>();
  private readonly again = new Set<string>(); // those of the busy ones that are to be looked at once more
  private wakers: (() => void)[] = [];

  constructor(private readonly parts: OutboxParts) {}

  /** What waits in a chat, the next one first; in the new chat, until it exists on the server. Of one with `asked`, the server has the question. */
  of(chat: string | null): ReadonlySignal<readonly Outgoing[]> {
    return this.box(chat ?? "new");
  }

  add(chat: string | null, item: Pick<Outgoing, "text" | "files" | "options" | "second" | "making"> & { readonly parent?: string | null }): void {
    const name = chat ?? "new";
    const at = this.parts.client.serverNow();
    this.write(name, [...this.box(name).peek(), { ...item, id: newKey(), state: "queued", problem: null, at }]);
    void this.pump(chat);
  }

  /** Takes a waiting one back. Returns it; null where it is on its way already. */
  take(chat: string | null, id: string): Outgoing | null {
    const name = chat ?? "new";
    const item = this.box(name).peek().find((other) => other.id === id && other.state !== "sending");
    if (item) this.write(name, this.box(name).peek().filter((other) => other !== item));
    return item ?? null;
  }

  retry(chat: string | null, id: string): void {
    this.update(chat ?? "new", id, { state: "queued", problem: null });
    void this.pump(chat);
  }

  /** Sends what can be sent. Call when a chat is opened, and when an answer has ended. */
  async pump(chat: string | null): Promise<void> {
    const name = chat ?? "new";
    if (this.busy.has(name)) {
      this.again.add(name); // what it looks at may have changed since it looked
      return;
    }
    this.busy.add(name);
    try {
      do {
        this.again.delete(name);
        if (this.box(name).peek().length > 0) await exclusively(`${PREFIX}${name}`, () => this.empty(name));
      } while (this.again.has(name));
    } finally {
      this.busy.delete(name);
    }
  }

  /** Sends what this browser still keeps, of whichever chat. Call at the start: the page may have been closed between making a chat and asking in it. */
  pumpAll(): void {
    const { storage } = this.parts;
    const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? "");
    for (const key of keys) if (key.startsWith(PREFIX)) void this.pump(chatOf(key.slice(PREFIX.length)));
  }

  /** The server is back: what waits for it need not wait longer. */
  wake(): void {
    for (const waker of this.wakers.splice(0)) waker();
  }

  onStorage(key: string | null): void {
    for (const [name, box] of this.boxes) if ((key === null || key === PREFIX + name) && !this.busy.has(name)) box.value = this.read(name);
  }

  private async empty(name: string): Promise<void> {
    this.box(name).value = this.read(name); // another tab may have sent some while this one waited for its turn
    for (;;) {
      const item = this.box(name).peek()[0];
      if (!item || item.state === "failed") return;
      if (name === "new") await this.open(item);
      else if (item.asked !== undefined) await this.askSecond(name, item, item.asked);
      else if (!(await this.send(name, item))) return;
    }
  }

  /** Makes the chat of the first question. */
  private async open(item: Outgoing): Promise<void> {
    this.update("new", item.id, { state: "sending" });
    const row = await this.persist("new", item, () => createConversation(this.parts.client, { settings: item.options, ...item.making }, item.id));
    if (!row) return;
    const { [item.id]: mine } = Object.fromEntries(this.box("new").peek().map((other) => [other.id, other]));
    if (!this.box(row.id).peek().some(({ id }) => id === item.id)) this.write(row.id, [{ ...(mine ?? item), state: "queued", parent: null }]);
    this.write("new", this.box("new").peek().filter((other) => other.id !== item.id));
    this.parts.onCreated(row);
    void this.pump(row.id);
  }

  /** Whether it has been sent, so that the next one may be looked at. */
  private async send(chat: string, item: Outgoing): Promise<boolean> {
    let tried = item.state === "sending"; // a page that was closed may have sent it
    const sent = await this.persist(chat, item, async () => {
      const { last, moving } = await this.parts.end(chat);
      if (tried) {
        const arrived = await this.arrived(chat, item);
        if (arrived) return arrived;
      }
      if (moving && item.parent === undefined) return "later";
      const parent = item.parent === undefined ? (last?.id ?? null) : item.parent;
      this.update(chat, item.id, { state: "sending" });
      tried = true;
      return sendMessage(this.parts.client, chat, { parent, text: item.text, files: item.files.map(({ file }) => file), run: item.options }, item.id);
    });
    if (sent === "later") this.update(chat, item.id, { state: "queued", problem: null });
    if (!sent || sent === "later") return false;
    const { second } = item;
    if (second === undefined) this.drop(chat, item.id);
    else this.update(chat, item.id, { state: "queued", problem: null, asked: sent.message.id });
    this.parts.onSent(chat, sent);
    return true;
  }

  /** Asks another model for its answer to a question that the server has. What is refused is said and given up: the first answer comes. */
  private async askSecond(chat: string, item: Outgoing, parent: string): Promise<void> {
    const { client } = this.parts;
    let tried = item.state === "sending";
    const started = await this.persist(chat, item, async () => {
      if (tried && (await getTree(client, chat)).filter((node) => node.parent === parent).length > 1) return "known";
      this.update(chat, item.id, { state: "sending" });
      tried = true;
      return regenerate(client, chat, parent, { ...item.options, ...(item.second === undefined ? {} : { model: item.second }) });
    });
    const problem = this.box(chat).peek().find(({ id }) => id === item.id)?.problem;
    this.drop(chat, item.id);
    if (started === null && problem) this.parts.onRefused?.(problem);
    else if (started !== null && started !== "known") this.parts.onSecond?.(chat, started.message);
  }

  private drop(name: string, id: string): void {
    this.write(name, this.box(name).peek().filter((item) => item.id !== id));
  }

  /** Tries until it succeeds or the server refuses; null where it is refused, or the reader took it back. */
  private async persist<Result>(name: string, item: Outgoing, attempt: () => Promise<Result>): Promise<Result | null> {
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(LONGEST_PAUSE_MS, pause * 2)) {
      if (!this.box(name).peek().some(({ id }) => id === item.id)) return null;
      try {
        return await attempt();
      } catch (error) {
        const problem = failureOf(error);
        if (!isPassing(error)) {
          this.update(name, item.id, { state: "failed", problem });
          return null;
        }
        this.update(name, item.id, { problem });
      }
      await this.pause(pause);
    }
  }

  /** A question that the server has, though its acknowledgement was lost. */
  private async arrived(chat: string, item: Outgoing): Promise<Sent | null> {
    const { data } = await listMessages(this.parts.client, chat, LOOKED_AT, null);
    const message = data.find((one) => isQuestionOf(item, one));
    if (!message) return null;
    return { message, answer: data.find(({ parent }) => parent === message.id) ?? null, run: null };
  }

  private pause(ms: number): Promise<void> {
    const { wait } = this.parts;
    if (wait) return wait(ms);
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wakers.push(() => (clearTimeout(timer), resolve()));
    });
  }

  private update(name: string, id: string, change: Partial<Outgoing>): void {
    this.write(name, this.box(name).peek().map((item) => (item.id === id ? { ...item, ...change } : item)));
  }

  private box(name: string): Signal<readonly Outgoing[]> {
    let box = this.boxes.get(name);
    if (!box) {
      box = signal(this.read(name));
      this.boxes.set(name, box);
    }
    return box;
  }

  private write(name: string, items: readonly Outgoing[]): void {
    this.box(name).value = items;
    try {
      if (items.length === 0) this.parts.storage.removeItem(PREFIX + name);
      else this.parts.storage.setItem(PREFIX + name, JSON.stringify(items));
    } catch {
      // full or switched off: it is held until the page closes
    }
  }

  private read(name: string): readonly Outgoing[] {
    try {
      const items: unknown = JSON.parse(this.parts.storage.getItem(PREFIX + name) ?? "[]");
      return Array.isArray(items) ? (items as unknown[]).filter(isOutgoing) : [];
    } catch {
      return [];
    }
  }
}

/** Whether a message of the server's is the question that an item sends. */
function isQuestionOf(item: Outgoing, message: Message): boolean {
  const { role, created, parent } = message;
  return role === "user" && textOf(message) === item.text && created >= item.at - EARLIER_MS && (item.parent === undefined || parent === item.parent);
}

/** Whether the server has an item already: its message may come over the live stream before the request is answered, and to other tabs before the storage's event. */
export function hasArrived(item: Outgoing, path: readonly Message[]): boolean {
  return item.asked !== undefined || (item.state === "sending" && path.slice(-LOOKED_AT).some((message) => isQuestionOf(item, message)));
}

function chatOf(name: string): string | null {
  return name === "new" ? null : name;
}

/** 128 random bits. (`randomUUID` is missing where a page comes over plain HTTP from another machine.) */
function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function failureOf(error: unknown): Failure {
  if (error instanceof ApiError) return { message: error.message, remedy: error.remedy };
  return { message: error instanceof Error ? error.message : String(error), remedy: null };
}

/** Whether a chat's last message is being answered. */
export function isAnswered(last: Message | null): boolean {
  return last !== null && isMoving(last);
}

function isOutgoing(value: unknown): value is Outgoing {
  return isRecord(value) && typeof value["id"] === "string" && typeof value["text"] === "string" && Array.isArray(value["files"]) && isRecord(value["options"]);
}

/** Runs a task while no other tab runs one of the same name. Browsers have such locks on https and localhost; elsewhere it just runs. */
async function exclusively(name: string, task: () => Promise<void>): Promise<void> {
  const locks = typeof navigator === "undefined" ? undefined : (navigator.locks as LockManager | undefined);
  if (locks) await locks.request(name, task);
  else await task();
}
