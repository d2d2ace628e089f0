import { useComputed } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { Message } from "../api/assistant/types";
import { t } from "../i18n";
import { isMoving, textOf } from "../state/message";
import type { Thread } from "../state/thread";
import { useSpoken } from "./StatusRegion";

function ending(state: Message["state"] | null) {
  if (state === "interrupted") return "chat.interrupted";
  return state === "stopped" ? "chat.endedStopped" : "chat.endedFailed";
}

/** Announces the state of the answer to screen readers, and reads it when it is complete: not token by token. */
export function Announcer({ thread }: { readonly thread: Thread }) {
  const moved = useRef<string | null>(null);
  const state = useComputed(() => {
    const message = thread.messages.value.at(-1)?.value;
    return message?.role === "assistant" ? message.state : null;
  });
  const { value } = state;
  const message = thread.messages.peek().at(-1)?.peek();
  let text = "";
  if (message && value !== null && isMoving(message)) {
    moved.current = message.id;
    text = t("chat.answering");
  } else if (message && moved.current === message.id) {
    text = value === "done" ? t("chat.answered", { text: textOf(message) }) : t(ending(value));
  }
  useSpoken(text);
  return null;
}
