/** The path through a conversation's tree that a reader sees, and the siblings beside each message on it. */

import type { Signal } from "@preact/signals";
import type { Message } from "./records";

export interface Step {
  readonly message: Signal<Message>;
  readonly siblings: readonly string[]; // ids, oldest first, this message included
}

/** Which child is shown below a parent (below the conversation, for the first); where nothing is chosen, the newest. */
export type Choices = ReadonlyMap<string, string>;

/** What a choice among this message and its siblings is filed under. */
export function branchPoint(message: Pick<Message, "conversation" | "parent">): string {
  return message.parent ?? message.conversation;
}

export function visiblePath(messages: readonly Signal<Message>[], choices: Choices): Step[] {
  const children = new Map<string, Signal<Message>[]>();
  for (const message of messages) {
    const parent = message.peek().parent ?? "";
    const siblings = children.get(parent);
    if (siblings) siblings.push(message);
    else children.set(parent, [message]);
  }
  const path: Step[] = [];
  const seen = new Set<string>(); // a damaged record may be its own ancestor
  let siblings = children.get("");
  while (siblings) {
    const first = siblings[0]?.peek();
    const chosen = first && choices.get(branchPoint(first));
    const message = siblings.find((sibling) => sibling.peek().id === chosen) ?? siblings.at(-1);
    if (!message || seen.has(message.peek().id)) break;
    seen.add(message.peek().id);
    path.push({ message, siblings: siblings.map((sibling) => sibling.peek().id) });
    siblings = children.get(message.peek().id);
  }
  return path;
}

/** The messages from the root down to the one named, itself included. */
export function ancestors(messages: readonly Signal<Message>[], id: string | null): Message[] {
  const byId = new Map(messages.map((message) => [message.peek().id, message.peek()]));
  const path: Message[] = [];
  for (let at = id; at !== null && path.length <= byId.size; ) {
    const message = byId.get(at);
    if (!message) break;
    path.unshift(message);
    at = message.parent;
  }
  return path;
}
