/** Puts the parts of the state together. Built once by main.tsx and handed down; tests build as many as they like. */

import { computed, effect, signal, untracked, type ReadonlySignal, type Signal } from "@preact/signals";
import { Client, type Fetch } from "../api/assistant/client";
import { conversationPath } from "../api/assistant/conversations";
import { uploadFile } from "../api/assistant/files";
import { listMessages, messagesPath } from "../api/assistant/messages";
import type { Failure, RunOptions } from "../api/assistant/types";
import { ApiError } from "../api/errors";
import { t } from "../i18n";
import { Access } from "./access";
import { Actions } from "./actions";
import { Chats } from "./chats";
import { Drafts, type Making } from "./drafts";
import { Feed } from "./feed";
import { isMoving, sameOptions, textOf } from "./message";
import { ModelMonitor } from "./model";
import { Models } from "./models";
import { Navigation } from "./navigation";
import { Notices } from "./notices";
import { notify } from "./notify";
import { failureOf, isAnswered, Outbox } from "./outbox";
import { Projects } from "./projects";
import { Selection } from "./selection";
import { SettingsStore } from "./settings";
import { PAGE, Thread } from "./thread";
import { Uploads } from "./uploads";
import { Watch } from "./watch";

export interface Clock {
  now(): number; // ms since 1970
}

export interface World {
  readonly window: Window;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly fetch: Fetch;
  /** Keeps what a request would bring, for when the server cannot be reached. */
  readonly keep: (path: string, body: unknown) => Promise<void>;
}

/** A dialog of components/dialogs by its name, with what it is about. */
export interface DialogRequest {
  readonly name: string;
  readonly props: Readonly<Record<string, unknown>>;
}

/** An event of the live stream that is for none of the parts here, such as the progress of a download. */
export type LiveListener = (name: string, data: Readonly<Record<string, unknown>>) => void;

export class App {
  readonly access: Access;
  readonly actions: Actions;
  readonly chats: Chats;
  readonly client: Client;
  readonly clock: Clock;
  readonly drafts: Drafts;
  readonly feed: Feed;
  readonly model: ModelMonitor;
  readonly models: Models;
  readonly navigation: Navigation;
  readonly notices = new Notices();
  readonly outbox: Outbox;
  readonly projects: Projects;
  readonly selection: Selection;
  readonly settings: SettingsStore;
  readonly uploads: Uploads;
  /** The chat that is open; null: a new one. */
  readonly thread: ReadonlySignal<Thread | null>;
  readonly dialog: Signal<DialogRequest | null> = signal(null);
  /** The sidebar over the page, on narrow screens. */
  readonly drawer: Signal<boolean> = signal(false);
  /** Ids of models beside the first one that are known to think. */
  readonly thinkers: Signal<ReadonlySet<string>> = signal(new Set());
  /** What a screen reader says next: the page has one place for it, so that messages do not talk over each other. */
  readonly spoken: Signal<string> = signal("");
  /** Why the chats cannot be read from the server, or answers cannot be stored there, where they cannot. */
  readonly problem: Signal<Failure | null> = signal(null);
  /** What this browser keeps: drafts, messages on their way, settings. */
  readonly storage: Storage;
  /** Whether an answer came while the reader looked at another tab. */
  readonly unseen: Signal<boolean> = signal(false);
  /** Those who want the other events of the live stream. */
  readonly listeners = new Set<LiveListener>();

  private readonly watch: Watch;

  constructor(private readonly world: World) {
    const { clock, fetch, storage, window } = world;
    this.clock = clock;
    this.storage = storage;
    this.access = new Access(storage);
    this.settings = new SettingsStore(storage);
    this.client = new Client(fetch, this.access, () => clock.now());
    this.chats = new Chats(this.client);
    this.selection = new Selection(this.chats);
    this.drafts = new Drafts(storage);
    this.model = new ModelMonitor(fetch);
    this.uploads = new Uploads({ client: this.client, drafts: this.drafts, send: (file, name, sending) => uploadFile(this.access, file, name, sending) });
    this.models = new Models(this.client);
    this.navigation = new Navigation(window);
    this.projects = new Projects(this.client);
    const { chats, client, navigation, notices, projects } = this;
    const opened = computed(() => navigation.open.value);
    this.thread = computed(() => (opened.value === null ? null : new Thread(opened.value, client)));
    this.outbox = new Outbox({
      client,
      storage,
      end: (chat) => this.end(chat),
      onCreated: (row) => {
        chats.put(row);
        if (navigation.open.peek() === null) navigation.go(row.id);
      },
      onSent: (chat, { message, answer }) => this.openThread(chat)?.accept(message, answer),
      onSecond: (chat, message) => {
        this.openThread(chat)?.accept(message);
        if (this.openThread(chat) && this.dialog.peek() === null) this.openDialog("compare", { ids: message.siblings, at: message.id });
      },
      onRefused: ({ message, remedy }) => notices.show({ text: [message, remedy].filter(Boolean).join(". ") }),
    });
    this.watch = new Watch({
      chats,
      navigation,
      now: () => clock.now(),
      hidden: () => window.document.hidden,
      onEnd: (chat, long) => {
        this.unseen.value = true;
        if (long) this.tell(chat).catch(() => undefined); // the dot in the title is there
      },
    });
    this.feed = new Feed({
      client,
      chats,
      visible: () => window.document.visibilityState === "visible",
      open: () => this.thread.peek(),
      busy: () => this.watch.busy,
      onRunState: (chat, running) => {
        if (!running) void this.outbox.pump(chat);
      },
      onStorage: (problem) => (this.problem.value = problem),
      onOther: (name, data) => this.listeners.forEach((listener) => listener(name, data)),
      onHello: () => this.refresh(),
      onFailure: (error) => this.onFailure(error),
    });
    const options = () => this.options(navigation.open.peek());
    this.actions = new Actions({ client, chats, thread: this.thread, outbox: this.outbox, navigation, notices, options, projects });
  }

  /** Listens to the browser and to the server. Call once. */
  start(): void {
    const { window } = this.world;
    const { document } = window;
    window.addEventListener("storage", ({ key }) => {
      this.access.onStorage(key);
      this.drafts.onStorage(key);
      this.outbox.onStorage(key);
      this.settings.onStorage(key);
    });
    window.addEventListener("hashchange", () => this.navigation.onHashChange());
    window.addEventListener("pagehide", () => this.drafts.save());
    window.addEventListener("online", () => this.wake());
    document.addEventListener("visibilitychange", () => {
      this.drafts.save();
      if (document.visibilityState === "visible") this.unseen.value = false;
      if (document.visibilityState === "visible") this.wake();
      else this.feed.rest();
    });
    this.model.start();
    this.watch.start();
    this.outbox.pumpAll();
    effect(() => {
      const thread = this.thread.value;
      untracked(() => this.onOpen(thread));
    });
    effect(() => {
      if (this.model.state.value.phase === "ready") untracked(() => this.wake());
    });
    effect(() => {
      if (this.access.key.value !== null) untracked(() => this.feed.wake());
    });
    effect(() => {
      const thread = this.thread.value;
      const last = thread?.messages.value.at(-1)?.value ?? null;
      if (thread && !isAnswered(last)) void untracked(() => this.outbox.pump(thread.id));
    });
    const end = computed(() => {
      const last = this.thread.value?.messages.value.at(-1)?.value;
      return last ? `${last.id} ${last.state}` : "";
    });
    effect(() => {
      const thread = this.thread.value;
      if (thread && end.value) untracked(() => this.keep(thread));
    });
  }

  newChat(making: Making = {}): void {
    this.drawer.value = false;
    this.drafts.change(null, { making });
    this.navigation.go(null);
  }

  open(chat: string): void {
    this.drawer.value = false;
    this.navigation.go(chat);
  }

  openDialog(name: string, props: Readonly<Record<string, unknown>> = {}): void {
    this.drawer.value = false;
    this.dialog.value = { name, props };
  }

  /** The model that the reader chose for a chat; undefined: the one that the server was started with. */
  chosenModel(chat: string | null): string | undefined {
    const kept = chat === null ? undefined : this.chats.get(chat)?.settings.model;
    return this.drafts.of(chat).value.options.model ?? kept;
  }

  /** What a chat is answered with: its settings, and over them what the reader changed since the last question. */
  options(chat: string | null): RunOptions {
    const { temperature, maxTokens, thinking } = this.settings.current.value;
    return {
      ...(this.canThink(chat) ? { thinking } : {}),
      ...(temperature === null ? {} : { temperature }),
      ...(maxTokens === null ? {} : { max_tokens: maxTokens }),
      ...(chat === null ? {} : this.chats.get(chat)?.settings),
      ...this.drafts.of(chat).value.options,
    };
  }

  /** Changes what the next questions of a chat are answered with. */
  chooseOptions(chat: string | null, change: RunOptions): void {
    const { options } = this.drafts.of(chat).peek();
    this.drafts.change(chat, { options: { ...options, ...change } });
  }

  /** Whether the model that answers a chat can think before it does. */
  canThink(chat: string | null): boolean {
    const chosen = this.chosenModel(chat);
    const first = this.model.state.value;
    if (chosen === undefined || chosen === first.model) return first.capabilities.thinking;
    return this.models.find(chosen)?.thinking ?? this.thinkers.value.has(chosen);
  }

  /** Whether the model that answers a chat can call tools; as long as it is not known, that it can. */
  canCall(chat: string | null): boolean {
    const chosen = this.chosenModel(chat);
    const first = this.model.state.value;
    if (chosen === undefined || chosen === first.model) return first.capabilities.tools;
    return this.models.find(chosen)?.tools ?? true;
  }

  /** Answers a chat with a model that can think. */
  chooseThinker(chat: string | null, model: string): void {
    this.thinkers.value = new Set(this.thinkers.value).add(model);
    this.chooseOptions(chat, { model, thinking: "high" });
  }

  /** Sends the draft of the open chat, or the text given in its place, as soon as nothing is being answered there. */
  send(text?: string): void {
    const chat = this.navigation.open.peek();
    const draft = this.drafts.of(chat).peek();
    const words = (text ?? draft.text).trim();
    const files = text === undefined ? draft.files : [];
    if (!words && files.length === 0) return;
    if (this.uploads.isSending(chat)) {
      this.notices.show({ text: t("files.stillSending") });
      return;
    }
    const options = this.options(chat);
    this.outbox.add(chat, { text: words, files, options, ...(draft.second ? { second: draft.second } : {}), ...(chat === null ? { making: draft.making } : {}) });
    if (text === undefined) this.drafts.clear(chat);
    else if (chat === null) this.drafts.change(null, { making: {} });
    const row = chat === null ? undefined : this.chats.get(chat);
    if (row && !sameOptions(row.settings, options)) void this.actions.change(row.id, { settings: options });
  }

  private onOpen(thread: Thread | null): void {
    if (thread) {
      void thread.refresh();
      this.chats.ensure(thread.id).catch(() => undefined); // the thread says that there is none
    }
    void this.outbox.pump(thread?.id ?? null);
    this.feed.restart();
  }

  /** Fetches what the list of chats does not hold: folders, and an open chat that is older or temporary. */
  private async refresh(): Promise<void> {
    const { chats, navigation, projects } = this;
    const open = navigation.open.peek();
    await Promise.all([
      projects.refresh(),
      open === null ? null : chats.reload(open),
      ...[...projects.open.peek()].map((project) => chats.loadProject(project)),
    ]);
  }

  /** Keeps the open chat as it is now: a question was asked, or an answer has ended. */
  private keep(thread: Thread): void {
    const { chats, world } = this;
    const row = chats.get(thread.id);
    if (!row || row.temporary) return;
    void world.keep(messagesPath(row.id, PAGE, null), thread.page());
    void world.keep(conversationPath(row.id), row);
    if (chats.ready.peek()) void world.keep(chats.path, chats.page());
  }

  /** Notifies of the answer that has ended in a chat which is not open. */
  private async tell(chat: string): Promise<void> {
    const last = (await listMessages(this.client, chat, 1, null)).data.at(-1);
    if (last && !isMoving(last)) await notify(this.chats.get(chat)?.title || t("chat.untitled"), textOf(last).slice(0, 140), chat);
  }

  private wake(): void {
    void this.model.refresh();
    this.outbox.wake();
    this.feed.wake();
  }

  private onFailure(error: unknown): void {
    if (error instanceof ApiError && error.status === 503) this.problem.value = failureOf(error);
    if (!(error instanceof ApiError)) void this.model.refresh();
  }

  private openThread(chat: string): Thread | null {
    const thread = this.thread.peek();
    return thread?.id === chat ? thread : null;
  }

  /** The message that a chat ends with, and whether it is being answered. */
  private async end(chat: string) {
    const open = this.openThread(chat);
    if (open?.state.peek() === "ready") return { last: open.last, moving: isAnswered(open.last) };
    const last = (await listMessages(this.client, chat, 1, null)).data.at(-1) ?? null;
    return { last, moving: isAnswered(last) };
  }
}
