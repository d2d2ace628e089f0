/** Puts the parts of the state together. Built once by main.tsx and handed down; tests build as many as they like. */

import { signal, type Signal } from "@preact/signals";
import type { Fetch } from "../api/chat";
import { Access } from "./access";
import { Answers } from "./answers";
import { branchPoint, type Choices } from "./branches";
import { Library, type Clock } from "./library";
import { ModelMonitor } from "./model";
import { Navigation } from "./navigation";
import { Notices } from "./notices";
import type { Message } from "./records";
import { SettingsStore } from "./settings";
import { fromJson } from "./transfer";
import { t } from "../i18n";

export interface World {
  readonly window: Window;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly fetch: Fetch;
  readonly tab: string;
}

/** A dialog of components/dialogs by its name, with what it is about. */
export interface DialogRequest {
  readonly name: string;
  readonly props: Readonly<Record<string, unknown>>;
}

export class App {
  readonly access: Access;
  readonly settings: SettingsStore;
  readonly library: Library;
  readonly model: ModelMonitor;
  readonly answers: Answers;
  readonly navigation: Navigation;
  readonly notices = new Notices();
  readonly clock: Clock;
  /** Which of several siblings the reader looks at, by branch point. */
  readonly choices: Signal<Choices> = signal(new Map());
  readonly dialog: Signal<DialogRequest | null> = signal(null);
  /** The sidebar over the page, on narrow screens. */
  readonly drawer: Signal<boolean> = signal(false);

  constructor(private readonly world: World) {
    const { storage, clock, fetch } = world;
    this.clock = clock;
    this.access = new Access(storage);
    this.settings = new SettingsStore(storage);
    this.library = new Library(storage, clock, world.tab);
    this.model = new ModelMonitor(fetch);
    this.navigation = new Navigation(world.window);
    const { access, library, model, settings } = this;
    this.answers = new Answers({ access, clock, fetch, library, model, settings });
  }

  /** Listens to the browser. Call once. */
  start(): void {
    const { window } = this.world;
    window.addEventListener("storage", (event) => {
      this.access.onStorage(event.key);
      this.library.onStorage(event.key);
      this.settings.onStorage(event.key);
    });
    window.addEventListener("hashchange", () => this.navigation.onHashChange());
    window.addEventListener("pagehide", () => this.answers.onPageHide());
    window.addEventListener("online", () => void this.model.refresh());
    window.document.addEventListener("visibilitychange", () => {
      if (window.document.visibilityState === "visible") void this.model.refresh();
    });
    this.model.start();
  }

  newChat(): void {
    this.drawer.value = false;
    this.navigation.go(null);
  }

  open(conversation: string): void {
    this.drawer.value = false;
    this.navigation.go(conversation);
  }

  openDialog(name: string, props: Readonly<Record<string, unknown>> = {}): void {
    this.drawer.value = false;
    this.dialog.value = { name, props };
  }

  /** Sends a message below the last one shown; opens a conversation where there is none. */
  send(text: string, parent: string | null): void {
    const open = this.navigation.open.value;
    const known = open !== null && this.library.conversation(open) !== undefined;
    const conversation = known ? open : this.library.create(text).id;
    const [question, answer] = this.answers.ask(conversation, known ? parent : null, text);
    this.choose((known && parent) || conversation, question);
    this.choose(question, answer);
    if (!known) this.navigation.go(conversation);
  }

  regenerate(message: Message): void {
    if (message.parent === null) return;
    this.choose(message.parent, this.answers.answer(message.conversation, message.parent));
  }

  /** Sends a changed question in the place of the old one, which stays reachable beside it. */
  edit(message: Message, text: string): void {
    const [question, answer] = this.answers.ask(message.conversation, message.parent, text);
    this.choose(branchPoint(message), question);
    this.choose(question, answer);
  }

  choose(branchPoint: string, child: string): void {
    this.choices.value = new Map(this.choices.value).set(branchPoint, child);
  }

  /** Takes in an exported chat, with a notice that takes it out again. */
  import(text: string): void {
    this.dialog.value = null;
    const imported = fromJson(text, () => this.library.newId(), this.clock.now());
    if (!imported) return this.notices.show({ text: t("chat.notImportable") });
    const { id, title } = imported.conversation;
    this.library.restore(imported);
    this.open(id);
    this.notices.show({
      text: t("chat.importedNotice", { title }),
      action: {
        label: t("chat.undo"),
        run: () => {
          this.answers.stop(id);
          this.library.remove(id);
          if (this.navigation.open.value === id) this.navigation.go(null);
        },
      },
    });
  }

  /** Deletes a conversation, with a notice that takes it back. */
  remove(id: string): void {
    this.answers.stop(id);
    const deleted = this.library.remove(id);
    if (!deleted) return;
    if (this.navigation.open.value === id) this.navigation.go(null);
    this.notices.show({
      text: t("chat.deletedNotice", { title: deleted.conversation.title }),
      action: {
        label: t("chat.undo"),
        run: () => {
          this.library.restore(deleted);
          this.open(id);
        },
      },
    });
  }
}

