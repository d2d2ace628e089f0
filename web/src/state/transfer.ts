/**
 * Conversations as files: Markdown to read (the versions on the screen), JSON to keep and to bring back (all of them).
 *
 * A file that comes in may be anyone's: each field is read as leniently as a stored record, every message gets a new id,
 * and a parent counts only where it is earlier in the file. So no file can overwrite a chat or make a circle.
 */

import { isRecord } from "../api/errors";
import type { Deleted } from "./library";
import { parseMessage, settled, type Conversation, type Message } from "./records";
import { t } from "../i18n";

const FORMAT = "fathom-conversation";
const VERSION = 1;
const LONGEST = 8_000_000; // characters: more than a browser keeps
const TITLE_LENGTH = 200;

export function toMarkdown({ title }: Conversation, messages: readonly Message[]): string {
  const parts = messages.map(({ role, text, thinking }) => {
    const thought = thinking ? `<details><summary>${t("chat.thinking")}</summary>\n\n${thinking}\n\n</details>\n\n` : "";
    return `## ${role === "user" ? t("chat.you") : "Fathom"}\n\n${thought}${text}\n`;
  });
  return [`# ${title}\n`, ...parts].join("\n");
}

export function toJson({ title, created }: Conversation, messages: readonly Message[]): string {
  return `${JSON.stringify({ format: FORMAT, version: VERSION, title, created, messages: messages.map(settled) }, null, 2)}\n`;
}

/** The conversation in a file of `toJson`, under ids that are new here; null where the text is no such file. */
export function fromJson(text: string, newId: () => string, now: number): Deleted | null {
  const file = text.length > LONGEST ? null : parse(text);
  if (!isRecord(file) || file["format"] !== FORMAT || file["version"] !== VERSION || !Array.isArray(file["messages"])) return null;
  const id = newId();
  const ids = new Map<string, string>();
  const messages: Message[] = [];
  for (const value of file["messages"] as unknown[]) {
    const message = isRecord(value) ? parseMessage({ ...value, conversation: id }) : null;
    if (!message || ids.has(message.id)) continue;
    const parent = message.parent === null ? null : (ids.get(message.parent) ?? null);
    const at = Math.min(message.created, now);
    const own = newId();
    ids.set(message.id, own);
    messages.push(settled({ ...message, id: own, parent, owner: null, thinkingSince: null, created: at, updated: at }));
  }
  if (messages.length === 0) return null;
  const title = typeof file["title"] === "string" ? file["title"].trim().slice(0, TITLE_LENGTH) : "";
  const created = Math.min(typeof file["created"] === "number" ? file["created"] : now, now);
  return { conversation: { id, title: title || t("chat.imported"), created, updated: now }, messages };
}

/** A name that every file system takes. */
export function fileName(title: string, extension: "md" | "json"): string {
  const words = title.normalize("NFKC").match(/[\p{L}\p{N}]+/gu) ?? [];
  return `${words.join("-").slice(0, 60) || "chat"}.${extension}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
