/**
 * The live stream of this tab, kept open while the reader looks or an answer comes, and opened again when it breaks.
 * Nothing is replayed to a list: after each `hello` the beginning of the list and the open path are fetched anew.
 */

import { signal, type ReadonlySignal } from "@preact/signals";
import type { Client } from "../api/assistant/client";
import { openLive, type LiveEvent } from "../api/assistant/live";
import type { Failure } from "../api/assistant/types";
import { ApiError } from "../api/errors";
import type { Chats } from "./chats";
import type { Thread } from "./thread";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
export const IDLE_MS = 15_000; // that a hidden tab keeps its stream: a browser allows six connections a host

export interface FeedParts {
  readonly client: Client;
  readonly chats: Chats;
  readonly visible: () => boolean;
  readonly open: () => Thread | null;
  /** Whether an answer is awaited that comes to another chat than the open one. */
  readonly busy: () => boolean;
  /** A chat is answered, or no longer is; called for every chat but the open one. */
  readonly onRunState: (conversation: string, running: boolean) => void;
  readonly onOther: (name: string, data: Readonly<Record<string, unknown>>) => void;
  /** Why answers cannot be stored; null where they can. */
  readonly onStorage: (problem: Failure | null) => void;
  /** The stream is open: what is shown besides is to be fetched too. */
  readonly onHello: () => Promise<void>;
  readonly onFailure: (error: unknown) => void;
}

export class Feed {
  /** Whether the stream is open, or need not be. */
  readonly connected: ReadonlySignal<boolean>;
  private readonly connectedSignal = signal(false);
  private stream: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private pause = FIRST_PAUSE_MS;
  private waiting = true; // not open, and not being opened

  constructor(private readonly parts: FeedParts) {
    this.connected = this.connectedSignal;
  }

  /** Opens the stream, for the chat that is open now. An open one is replaced. */
  restart(): void {
    this.close();
    this.waiting = false;
    this.stream = new AbortController();
    void this.follow(this.stream.signal);
  }

  /** Opens it at once where it is closed or waits for its next try. */
  wake(): void {
    this.clearTimer();
    this.pause = FIRST_PAUSE_MS;
    if (this.waiting) this.restart();
  }

  /** The tab is hidden: the stream is closed after a while, unless an answer comes, or its end is awaited. */
  rest(): void {
    this.clearTimer();
    this.timer = setTimeout(() => {
      if (this.parts.visible()) return;
      if (this.parts.open()?.positions().length || this.parts.busy()) this.rest();
      else this.close();
    }, IDLE_MS);
  }

  close(): void {
    this.clearTimer();
    this.stream?.abort(new DOMException("the stream is not needed", "AbortError"));
    this.stream = null;
    this.waiting = true;
  }

  private async follow(signal: AbortSignal): Promise<void> {
    const thread = this.parts.open();
    try {
      for await (const event of openLive(this.parts.client, thread?.id ?? null, thread?.positions() ?? [], signal)) {
        if (signal.aborted) return;
        this.take(event, thread);
      }
    } catch (error) {
      if (signal.aborted) return;
      this.parts.onFailure(error);
      if (error instanceof ApiError && error.status === 401) return void this.close(); // until there is another key
    }
    if (signal.aborted) return;
    this.connectedSignal.value = false;
    this.waiting = true;
    this.timer = setTimeout(() => this.restart(), this.pause * (0.75 + Math.random() / 2));
    this.pause = Math.min(LONGEST_PAUSE_MS, this.pause * 2);
  }

  private take(event: LiveEvent, thread: Thread | null): void {
    const { chats } = this.parts;
    switch (event.type) {
      case "hello":
        this.connectedSignal.value = true;
        this.pause = FIRST_PAUSE_MS;
        this.parts.onStorage(null);
        return void this.fetchAnew(thread);
      case "conversation":
        chats.put(event.row);
        if (thread?.id === event.row.id && event.row.head !== null && event.row.head !== thread.last?.id) void thread.refreshSoon();
        return;
      case "conversation.removed":
        return chats.remove(event.id);
      case "message":
        if (thread && (event.conversation === thread.id || event.conversation === "")) thread.onMessage(event.message, event.sequence);
        return;
      case "run":
        if (thread?.id === event.conversation) thread.onRun(event.run, event.event);
        return;
      case "run.state":
        chats.change(event.conversation, { running: event.running, ...(event.title === null ? {} : { title: event.title }) });
        return this.parts.onRunState(event.conversation, event.running);
      case "storage":
        return this.parts.onStorage(event.problem);
      case "other":
        return this.parts.onOther(event.name, event.data);
    }
  }

  /** The open chat first, which the reader waits for, then the lists. */
  private async fetchAnew(thread: Thread | null): Promise<void> {
    try {
      await thread?.refresh();
    } finally {
      Promise.all([this.parts.chats.refresh(), this.parts.onHello()]).catch(this.parts.onFailure);
    }
  }

  private clearTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}
