/** What a message says of itself, whichever parts it has. */

import type { FilePart, Message, RunOptions, ThinkingPart } from "../api/assistant/types";

/** Whether its answer is still being written. */
export function isMoving({ state }: Pick<Message, "state">): boolean {
  return state === "waiting" || state === "streaming";
}

/** Whether its run has not ended: it is being written, or waits for its model to come back. */
export function isUnfinished(message: Pick<Message, "state">): boolean {
  return isMoving(message) || message.state === "interrupted";
}

/** The question, or the answer without its thinking. */
export function textOf(message: Pick<Message, "parts">): string {
  const texts = message.parts.flatMap((part) => (part.type === "text" || part.type === "answer" ? [part.text] : []));
  return texts.join("\n\n");
}

export function thinkingOf(message: Pick<Message, "parts">): string {
  return message.parts.flatMap((part) => (part.type === "thinking" ? [part.text] : [])).join("\n\n");
}

/** The thought that is being written; null where there is none. */
export function openThought(message: Message): ThinkingPart | null {
  const last = message.parts.at(-1);
  return isMoving(message) && last?.type === "thinking" && last.ms === null ? last : null;
}

export function filesOf(message: Pick<Message, "parts">): FilePart[] {
  return message.parts.filter((part) => part.type === "file");
}

/** Options without those that are not set, and in one order: equal ones are equal as JSON. */
export function sameOptions(a: RunOptions, b: RunOptions): boolean {
  const text = (options: RunOptions) => JSON.stringify(Object.entries(options).filter(([, value]) => value !== undefined).toSorted(([x], [y]) => (x < y ? -1 : 1)));
  return text(a) === text(b);
}

/** Of a message that is held and one that came, which to keep. A run's own events know more than a page that was fetched before. */
export function newer(held: Message, came: Message, following: boolean): Message {
  const place = { siblings: came.siblings ?? held.siblings, index: came.index ?? held.index };
  if (isUnfinished(came) && (following || !isUnfinished(held))) return samePlace(held, place) ? held : { ...held, ...place };
  if (held.updated === came.updated && held.state === came.state && samePlace(held, place)) return held;
  return { ...came, ...place };
}

function samePlace(held: Message, { siblings, index }: Pick<Message, "siblings" | "index">): boolean {
  return held.index === index && held.siblings.length === siblings.length;
}
