/** The conversations that this browser keeps, as signals over the stored records. */

import { batch, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import {
  conversationKey,
  messageKey,
  ownKeys,
  parseKey,
  readConversation,
  readMessage,
  settled,
  type Conversation,
  type Message,
} from "./records";
import { titleOf } from "./titles";

export interface Clock {
  now(): number; // ms since 1970
}

/** What a deletion took, so that it can be undone. */
export interface Deleted {
  readonly conversation: Conversation;
  readonly messages: readonly Message[];
}

/** A conversation's messages: the list changes when one comes or goes, a message's own signal when it grows. */
export type Thread = ReadonlySignal<readonly Signal<Message>[]>;

export class Library {
  readonly conversations: ReadonlySignal<readonly Conversation[]>; // the latest first
  /** True after a write failed: the browser's storage is full or switched off. */
  readonly full: ReadonlySignal<boolean>;

  private readonly list = signal<readonly Conversation[]>([]);
  private readonly fullSignal = signal(false);
  private readonly threads = new Map<string, Signal<readonly Signal<Message>[]>>();
  private lastId = 0;

  constructor(
    private readonly storage: Storage,
    private readonly clock: Clock,
    readonly tab: string,
  ) {
    this.conversations = this.list;
    this.full = this.fullSignal;
    this.reload();
  }

  /** Ids sort by the time they were made, also within one millisecond. */
  newId(): string {
    this.lastId = Math.max(this.lastId + 1, this.clock.now());
    return `${this.lastId.toString(36)}-${this.tab}`;
  }

  conversation(id: string): Conversation | undefined {
    return this.list.value.find((conversation) => conversation.id === id);
  }

  create(firstText: string): Conversation {
    const now = this.clock.now();
    const conversation = { id: this.newId(), title: titleOf(firstText), created: now, updated: now };
    this.threads.set(conversation.id, signal([]));
    this.saveConversation(conversation);
    return conversation;
  }

  rename(id: string, title: string): void {
    const conversation = this.conversation(id);
    const trimmed = title.trim().slice(0, 200);
    if (conversation && trimmed) this.saveConversation({ ...conversation, title: trimmed });
  }

  /** Takes a conversation away; `restore` brings it back. */
  remove(id: string): Deleted | null {
    const conversation = this.conversation(id);
    if (!conversation) return null;
    const messages = this.thread(id).value.map((message) => message.value);
    for (const message of messages) this.storage.removeItem(messageKey(message));
    this.storage.removeItem(conversationKey(id));
    this.forget(id);
    this.fullSignal.value = false;
    return { conversation, messages };
  }

  restore({ conversation, messages }: Deleted): void {
    batch(() => {
      this.threads.delete(conversation.id);
      for (const message of messages) this.write(messageKey(message), settled(message));
      this.saveConversation(conversation);
    });
  }

  /** The messages of a conversation, read from storage when first asked for. */
  thread(id: string): Thread {
    let thread = this.threads.get(id);
    if (!thread) {
      thread = signal(this.load(id));
      this.threads.set(id, thread);
    }
    return thread;
  }

  add(message: Omit<Message, "id" | "created" | "updated">): Signal<Message> {
    const now = this.clock.now();
    const added = signal<Message>({ ...message, id: this.newId(), created: now, updated: now });
    this.threadSignal(message.conversation).value = [...this.thread(message.conversation).value, added];
    this.write(messageKey(added.value), added.value);
    const conversation = this.conversation(message.conversation);
    if (conversation) this.saveConversation({ ...conversation, updated: now });
    return added;
  }

  /** Changes a message on the screen; `save` makes it last. Streaming saves less often than it shows. */
  update(message: Signal<Message>, change: Partial<Message>): void {
    message.value = { ...message.value, ...change, updated: this.clock.now() };
  }

  save(message: Signal<Message>): void {
    if (this.conversation(message.value.conversation)) this.write(messageKey(message.value), message.value);
  }

  /** Another tab changed a record. A key of null means that everything was cleared. */
  onStorage(key: string | null): void {
    if (key === null) return this.reload();
    const record = parseKey(key);
    if (record?.kind === "conversation") this.onConversation(record.id, readConversation(this.storage, key));
    else if (record) this.onMessage(record.conversation, record.id, readMessage(this.storage, key));
  }

  private onConversation(id: string, conversation: Conversation | null): void {
    if (conversation) this.list.value = sorted([...this.others(id), conversation]);
    else this.forget(id);
  }

  private onMessage(conversation: string, id: string, message: Message | null): void {
    const thread = this.threads.get(conversation);
    if (!thread) return; // it is not on screen: it is read when it is opened
    const known = thread.value.find((other) => other.value.id === id);
    if (!message) thread.value = thread.value.filter((other) => other !== known);
    else if (!known) thread.value = byAge([...thread.value, signal(message)]);
    else if (known.value.owner !== this.tab) known.value = message; // what this tab streams, it knows best
  }

  private reload(): void {
    const conversations: Conversation[] = [];
    for (const key of ownKeys(this.storage)) {
      const conversation = parseKey(key)?.kind === "conversation" ? readConversation(this.storage, key) : null;
      if (conversation) conversations.push(conversation);
    }
    batch(() => {
      this.list.value = sorted(conversations);
      for (const [id, thread] of this.threads) thread.value = this.load(id);
    });
  }

  private load(id: string): readonly Signal<Message>[] {
    const messages: Signal<Message>[] = [];
    for (const key of ownKeys(this.storage)) {
      const record = parseKey(key);
      if (record?.kind !== "message" || record.conversation !== id) continue;
      const message = readMessage(this.storage, key);
      if (message) messages.push(signal(message));
    }
    return byAge(messages);
  }

  private threadSignal(id: string): Signal<readonly Signal<Message>[]> {
    return this.thread(id) as Signal<readonly Signal<Message>[]>;
  }

  private forget(id: string): void {
    this.threads.delete(id);
    this.list.value = this.others(id);
  }

  private others(id: string): Conversation[] {
    return this.list.value.filter((conversation) => conversation.id !== id);
  }

  private saveConversation(conversation: Conversation): void {
    this.list.value = sorted([...this.others(conversation.id), conversation]);
    this.write(conversationKey(conversation.id), conversation);
  }

  private write(key: string, record: Conversation | Message): void {
    try {
      this.storage.setItem(key, JSON.stringify(record));
      this.fullSignal.value = false;
    } catch {
      this.fullSignal.value = true; // the page goes on and says that it cannot keep this
    }
  }
}

function sorted(conversations: readonly Conversation[]): Conversation[] {
  return conversations.toSorted((a, b) => b.updated - a.updated || (a.id < b.id ? 1 : -1));
}

function byAge(messages: readonly Signal<Message>[]): Signal<Message>[] {
  return messages.toSorted((a, b) => a.value.created - b.value.created || (a.value.id < b.value.id ? -1 : 1));
}
