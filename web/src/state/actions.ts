/** What a reader does to chats and messages. The server does it; what it refuses is said in a notice. */

import type { ReadonlySignal } from "@preact/signals";
import type { Client } from "../api/assistant/client";
import { changeConversation, deleteConversation, restoreConversation, type ConversationChange } from "../api/assistant/conversations";
import { getTree } from "../api/assistant/messages";
import { answerNow, consent, continueAnswer, regenerate, stopRun } from "../api/assistant/runs";
import type { Conversation, FilePart, Message, RunOptions, TreeNode } from "../api/assistant/types";
import { t } from "../i18n";
import type { Chats } from "./chats";
import { attachmentName, download } from "./download";
import { readLegacy, removeLegacy } from "./legacy";
import { isUnfinished } from "./message";
import type { Navigation } from "./navigation";
import type { Notices } from "./notices";
import { failureOf, type Outbox } from "./outbox";
import type { Projects } from "./projects";
import type { Thread } from "./thread";

export interface ActionParts {
  readonly client: Client;
  readonly chats: Chats;
  readonly thread: ReadonlySignal<Thread | null>;
  readonly outbox: Outbox;
  readonly navigation: Navigation;
  readonly projects: Projects;
  readonly notices: Notices;
  /** What answers are asked for with in the open chat. */
  readonly options: () => RunOptions;
}

export class Actions {
  constructor(private readonly parts: ActionParts) {}

  /** Answers a question again, also with other options; the new answer stands beside the old one. */
  regenerate(message: Message, options: RunOptions = {}): Promise<void> {
    const { client, thread } = this.parts;
    return this.attempt(async () => {
      const open = thread.peek();
      if (!open || message.parent === null) return;
      await this.stopped(open);
      const started = await regenerate(client, open.id, message.parent, { ...this.parts.options(), ...options });
      open.accept(started.message);
    });
  }

  /** Goes on where an answer ended; with `thinking`, from that thought instead of its own. */
  continue(message: Message, thinking: string | null = null): Promise<void> {
    const { client, thread } = this.parts;
    return this.attempt(async () => {
      const open = thread.peek();
      if (!open) return;
      await this.stopped(open);
      const started = await continueAnswer(client, open.id, message.id, thinking, this.parts.options());
      open.accept(started.message);
    });
  }

  /** Sends a changed question in the place of the old one, which stays reachable beside it. */
  edit(message: Message, text: string, files: readonly FilePart[]): Promise<void> {
    return this.attempt(async () => {
      const open = this.parts.thread.peek();
      if (!open) return;
      await this.stopped(open);
      this.parts.outbox.add(open.id, { parent: message.parent, text, files, options: this.parts.options() });
    });
  }

  stop(): Promise<void> {
    return this.attempt(async () => {
      const open = this.parts.thread.peek();
      if (open) await this.stopped(open);
    });
  }

  answerNow(message: Message): Promise<void> {
    const open = this.parts.thread.peek();
    return this.attempt(async () => {
      if (open && message.run !== null) await answerNow(this.parts.client, open.id, message.run);
    });
  }

  /** Allows a tool's call, or refuses it; with `always`, so for every later one of that tool. */
  consent(message: Message, call: string, allow: boolean, always = false): Promise<void> {
    const open = this.parts.thread.peek();
    return this.attempt(async () => {
      if (open && message.run !== null) await consent(this.parts.client, open.id, message.run, call, allow, always);
    });
  }

  /** Shows the branch that a message is on: the path down to its newest end. */
  choose(id: string): Promise<void> {
    const { client, thread } = this.parts;
    return this.attempt(async () => {
      const open = thread.peek();
      if (!open) return;
      const head = newestBelow(await getTree(client, open.id), id);
      this.parts.chats.put(await changeConversation(client, open.id, { head }));
      await open.refresh();
    });
  }

  change(id: string, change: ConversationChange): Promise<void> {
    const { chats, client } = this.parts;
    return this.attempt(async () => chats.put(await changeConversation(client, id, change)));
  }

  /** Moves chats to the trash, with a notice that takes them back. Where the server refuses one, those before it are gone. */
  async remove(...ids: readonly string[]): Promise<void> {
    const { chats, client, navigation, notices } = this.parts;
    const titles = ids.map((id) => chats.get(id)?.title ?? "");
    const open = navigation.open.peek();
    const gone: string[] = [];
    const failed = await this.failure(async () => {
      for (const id of ids) {
        await deleteConversation(client, id);
        chats.remove(id);
        gone.push(id);
        if (open === id) navigation.go(null);
      }
    });
    const text = ids.length === 1 ? t("chat.deletedNotice", { title: titles[0] ?? "" }) : t("chat.deletedCount", { count: gone.length });
    if (gone.length === 0) notices.show({ text: failed });
    else notices.show({ text: [text, failed].filter(Boolean).join(". "), action: { label: t("chat.undo"), run: () => void this.restore(gone, open) } });
  }

  /** Puts chats into a project; null: out of all. */
  move(ids: readonly string[], project: string | null): Promise<void> {
    const { chats, client, projects } = this.parts;
    return this.attempt(async () => {
      for (const id of ids) chats.put(await changeConversation(client, id, { project }));
      if (project !== null && !projects.open.peek().has(project)) projects.toggle(project);
    });
  }

  /** Saves a chat as a file that the server writes. */
  export({ id, title }: Conversation, format: "markdown" | "json" | "html"): Promise<void> {
    return this.attempt(async () => {
      const response = await this.parts.client.send(`api/conversations/${id}/export?format=${format}`);
      const extension = { markdown: "md", json: "json", html: "html" }[format];
      download(attachmentName(response.headers.get("content-disposition"), `${title || "chat"}.${extension}`), await response.blob());
    });
  }

  /** Takes in chats from a file of this or another assistant. */
  import(file: Blob): Promise<void> {
    const { chats, client, notices } = this.parts;
    return this.attempt(async () => {
      const { conversations, skipped } = await client.json<{ conversations: number; skipped: readonly unknown[] }>("api/imports", { body: file });
      notices.show({ text: [t("chat.importedCount", { count: conversations }), skipped.length ? t("chat.importSkipped", { count: skipped.length }) : ""].filter(Boolean).join(" ") });
      await chats.refresh();
    });
  }

  /** Gives the server the chats that an earlier page kept in this browser; they are removed once it has them all. */
  importLegacy(storage: Storage): Promise<void> {
    const { chats, client, notices } = this.parts;
    return this.attempt(async () => {
      const body = JSON.stringify(readLegacy(storage));
      const { conversations, skipped } = await client.json<{ conversations: number; skipped: readonly unknown[] }>("api/imports", { body });
      if (skipped.length === 0) removeLegacy(storage); // else they stay, and can be tried again: none comes in twice
      notices.show({ text: [t("chat.importedCount", { count: conversations }), skipped.length ? t("chat.importSkipped", { count: skipped.length }) : ""].filter(Boolean).join(" ") });
      await chats.refresh();
    });
  }

  moveToNewProject(ids: readonly string[], name: string): Promise<void> {
    return this.attempt(async () => this.move(ids, (await this.parts.projects.create(name)).id));
  }

  setPreferences(change: Readonly<Record<string, unknown>>): Promise<void> {
    return this.attempt(async () => {
      await this.parts.client.json("api/preferences", { method: "PATCH", json: change });
    });
  }

  /** Takes chats out of the trash; the one that was open is opened. */
  private restore(ids: readonly string[], open: string | null): Promise<void> {
    const { chats, client, navigation } = this.parts;
    return this.attempt(async () => {
      for (const id of ids) {
        await restoreConversation(client, id);
        await chats.ensure(id);
      }
      if (open !== null && ids.includes(open)) navigation.go(open);
    });
  }

  /** Stops what is answered in a chat. */
  private async stopped(open: Thread): Promise<void> {
    const last = open.last;
    if (last && isUnfinished(last) && last.run !== null) await stopRun(this.parts.client, open.id, last.run);
  }

  private async attempt(task: () => Promise<void>): Promise<void> {
    const text = await this.failure(task);
    if (text) this.parts.notices.show({ text });
  }

  /** Why a task failed, with what can be done; empty where it did not. */
  private async failure(task: () => Promise<void>): Promise<string> {
    try {
      await task();
      return "";
    } catch (error) {
      const { message, remedy } = failureOf(error);
      return [message, remedy].filter(Boolean).join(". ");
    }
  }
}

/** The end of the newest branch below a message: ids sort by creation. */
export function newestBelow(tree: readonly TreeNode[], id: string): string {
  const newest = new Map<string, string>(); // child, by parent
  for (const { id: child, parent } of tree) if (parent !== null && child > (newest.get(parent) ?? "")) newest.set(parent, child);
  let at = id;
  for (let next = newest.get(at); next !== undefined; next = newest.get(at)) at = next;
  return at;
}
