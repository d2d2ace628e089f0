/**
 * The open chat: the messages on the path to its head, each a signal of its own. The last ones come first, older ones
 * as they are asked for. What streams is folded from the run's events and shown in frames.
 */

import { batch, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import type { Client } from "../api/assistant/client";
import type { Position } from "../api/assistant/live";
import { listMessages } from "../api/assistant/messages";
import type { Message, Page, RunEvent } from "../api/assistant/types";
import { ApiError } from "../api/errors";
import { fold } from "./fold";
import { isUnfinished, newer } from "./message";

export const PAGE = 50; // messages that a chat opens with
const OLDER_PAGE = 200;
export const FRAME_MS = 40;
const SOON_MS = 150;

export type ThreadState = "loading" | "ready" | "missing" | "failed";

export class Thread {
  readonly messages: ReadonlySignal<readonly Signal<Message>[]>;
  readonly state: ReadonlySignal<ThreadState>;
  readonly problem: ReadonlySignal<Error | null>;
  /** Whether there are messages before the first one that is here. */
  readonly older: ReadonlySignal<boolean>;
  /** What a run says it is doing, while it says so. */
  readonly status: ReadonlySignal<string | null>;
  private readonly messagesSignal = signal<readonly Signal<Message>[]>([]);
  private readonly stateSignal = signal<ThreadState>("loading");
  private readonly problemSignal = signal<Error | null>(null);
  private readonly olderSignal = signal(false);
  private readonly statusSignal = signal<string | null>(null);
  private readonly followed = new Map<string, { readonly message: string; sequence: number }>(); // by run
  private readonly folded = new Map<string, Message>(); // not yet shown
  private frame: ReturnType<typeof setTimeout> | null = null;
  private fetching: Promise<void> | null = null;
  private again = false;
  private revision = 0; // of the path, as messages are added to it
  private fetchingOlder = false;
  private soon: ReturnType<typeof setTimeout> | null = null;

  constructor(
    readonly id: string,
    private readonly client: Client,
  ) {
    this.messages = this.messagesSignal;
    this.state = this.stateSignal;
    this.problem = this.problemSignal;
    this.older = this.olderSignal;
    this.status = this.statusSignal;
  }

  get last(): Message | null {
    return this.messagesSignal.value.at(-1)?.value ?? null;
  }

  /** The end of the path, as it would be fetched now. */
  page(): Page<Message> {
    const held = this.messagesSignal.peek();
    const data = held.slice(-PAGE).map((message) => message.peek());
    const more = held.length > PAGE || this.olderSignal.peek();
    return { data, next: more ? (data[0]?.id ?? null) : null };
  }

  /** Fetches the end of the path. One that is asked for while another is under way comes after it. */
  refresh(): Promise<void> {
    if (this.fetching) {
      this.again = true;
      return this.fetching;
    }
    this.fetching = this.fetch().finally(() => {
      this.fetching = null;
      if (!this.again) return;
      this.again = false;
      void this.refresh();
    });
    return this.fetching;
  }

  /** Fetches the path a little later, unless what has changed comes by itself before. */
  refreshSoon(): void {
    this.soon ??= setTimeout(() => {
      this.soon = null;
      void this.refresh();
    }, SOON_MS);
  }

  /** Fetches messages before the first one that is here. */
  async loadOlder(): Promise<void> {
    const first = this.messagesSignal.peek()[0]?.peek().id;
    if (!this.olderSignal.peek() || this.fetchingOlder || first === undefined) return;
    this.fetchingOlder = true;
    try {
      const { data, next } = await listMessages(this.client, this.id, OLDER_PAGE, first);
      const held = this.messagesSignal.peek();
      if (held[0]?.peek().id !== first) return; // another branch is shown meanwhile
      batch(() => {
        this.messagesSignal.value = [...data.map((message) => signal(message)), ...held];
        this.olderSignal.value = next !== null;
      });
    } finally {
      this.fetchingOlder = false;
    }
  }

  /** A question and its answer, as the server took them in: the path now ends with them. */
  accept(...added: readonly (Message | null)[]): void {
    batch(() => {
      for (const message of added) if (message) this.onMessage(message, message.sequence ?? null);
    });
  }

  /** A message was added or has ended; with a sequence number, this is how far its run has come. */
  onMessage(message: Message, sequence: number | null): void {
    const open = isUnfinished(message);
    const held = this.find(message.id);
    const followed = message.run === null ? undefined : this.followed.get(message.run);
    if (followed && sequence !== null && sequence < followed.sequence) sequence = null; // what is held is ahead of it
    if (open && sequence === null && held && (this.isFollowed(message.id) || !isUnfinished(held.peek()))) return this.show(held, newer(held.peek(), message, true));
    if (message.run !== null && open) this.followed.set(message.run, { message: message.id, sequence: sequence ?? 0 }); // one that was just added begins at 0
    if (message.run !== null && !open) this.followed.delete(message.run);
    this.statusSignal.value = message.status ?? null;
    this.folded.delete(message.id);
    if (held) return this.show(held, open ? message : newer(held.peek(), message, false));
    if (this.put(message)) return;
    if (open) this.folded.set(message.id, message); // it is ahead of the path that comes
    void this.refresh();
  }

  /** An event of a run. One that is known already, or that belongs to another branch, is passed over. */
  onRun(run: string, event: RunEvent): void {
    const followed = this.followed.get(run);
    if (!followed || event.sequence <= followed.sequence) return;
    followed.sequence = event.sequence;
    if (event.type === "status") this.statusSignal.value = event.text;
    else if (event.type !== "started") this.statusSignal.value = null;
    const before = this.folded.get(followed.message) ?? this.find(followed.message)?.peek();
    if (!before) return;
    const after = fold(before, event);
    if (after !== before) this.folded.set(followed.message, after);
    if (event.type === "finished") {
      this.followed.delete(run);
      this.flush();
    } else this.frame ??= setTimeout(() => this.flush(), FRAME_MS);
  }

  /** How far this tab holds each run, for a stream that goes on from there. */
  positions(): Position[] {
    return [...this.followed].map(([run, { sequence }]) => ({ run, sequence }));
  }

  private async fetch(): Promise<void> {
    const { revision } = this;
    try {
      const { data, next } = await listMessages(this.client, this.id, PAGE, null);
      if (revision !== this.revision) {
        this.again = true; // what came meanwhile may be newer than this page
        return;
      }
      batch(() => {
        this.join(data, next !== null);
        this.stateSignal.value = "ready";
        this.problemSignal.value = null;
      });
    } catch (error) {
      const missing = error instanceof ApiError && error.status === 404;
      this.problemSignal.value = error instanceof Error ? error : new Error(String(error));
      if (missing || this.stateSignal.peek() !== "ready") this.stateSignal.value = missing ? "missing" : "failed";
    }
  }

  /** Puts the end of the path that the server sent behind what is held of its beginning. */
  private join(data: readonly Message[], more: boolean): void {
    const held = this.messagesSignal.peek();
    const known = new Map(held.map((message) => [message.peek().id, message]));
    const first = data[0];
    const at = first ? held.findIndex((message) => message.peek().id === first.id) : -1;
    const below = first?.parent ? held.findIndex((message) => message.peek().id === first.parent) : -1;
    const kept = at >= 0 ? held.slice(0, at) : held.slice(0, below + 1);
    const end = data.map((message) => {
      const mine = known.get(message.id);
      if (!mine) return signal(this.ahead(message));
      if (!this.folded.has(message.id)) this.show(mine, newer(mine.peek(), message, this.isFollowed(message.id)));
      return mine;
    });
    const path = [...kept, ...end];
    if (kept.length === 0) this.olderSignal.value = more;
    if (path.length !== held.length || path.some((message, index) => message !== held[index])) this.messagesSignal.value = path;
  }

  /** Adds a message: the path now ends with it. False where its parent is not on the path, which is another one then. */
  private put(message: Message): boolean {
    const held = this.messagesSignal.peek();
    const parent = message.parent === null ? -1 : held.findIndex((other) => other.peek().id === message.parent);
    if (this.stateSignal.peek() === "missing" || (message.parent !== null && parent < 0) || (parent < 0 && this.olderSignal.peek())) return false;
    this.revision += 1;
    this.stateSignal.value = "ready";
    this.messagesSignal.value = [...held.slice(0, parent + 1), signal(message)];
    return true;
  }

  /** A message that was fetched, or what its run has said since. */
  private ahead(message: Message): Message {
    const known = this.folded.get(message.id);
    this.folded.delete(message.id);
    return known && isUnfinished(message) ? { ...known, siblings: message.siblings, index: message.index } : message;
  }

  private isFollowed(message: string): boolean {
    return [...this.followed.values()].some((followed) => followed.message === message);
  }

  private find(id: string): Signal<Message> | undefined {
    return this.messagesSignal.peek().findLast((message) => message.peek().id === id);
  }

  private show(held: Signal<Message>, message: Message): void {
    if (held.peek() !== message) held.value = message;
  }

  private flush(): void {
    if (this.frame !== null) clearTimeout(this.frame);
    this.frame = null;
    batch(() => {
      for (const [id, message] of this.folded) {
        const held = this.find(id);
        if (!held) continue; // the path comes
        held.value = message;
        this.folded.delete(id);
      }
    });
  }
}
