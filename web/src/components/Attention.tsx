import { useComputed } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { t } from "../i18n";
import { isMoving, openThought, textOf } from "../state/message";
import { notify } from "../state/notify";
import type { Thread } from "../state/thread";
import { LONG_MS } from "../state/watch";
import { useApp } from "./context";

/**
 * Tells a reader who looks at another tab that the answer is there: by a dot in the title, and by a notification after
 * a long thought, if that was accepted. It is offered on the first long thought, never before.
 */
export function Attention({ thread }: { readonly thread: Thread }) {
  const { chats, notices, settings, unseen } = useApp();
  const moving = useComputed(() => thread.last !== null && isMoving(thread.last)).value;
  const thinking = useComputed(() => thread.last !== null && openThought(thread.last) !== null).value;
  useEffect(() => {
    if (!thinking || !("Notification" in window) || Notification.permission !== "default" || settings.current.peek().notificationsOffered) return undefined;
    const timer = setTimeout(() => {
      settings.change({ notificationsOffered: true });
      notices.show({
        text: t("chat.notifyOffer"),
        lasting: true,
        action: { label: t("chat.notify"), run: () => void Notification.requestPermission() },
      });
    }, LONG_MS);
    return () => clearTimeout(timer);
  }, [thinking]);
  useEffect(() => {
    if (!moving) return undefined;
    const since = Date.now();
    return () => {
      const message = thread.messages.peek().at(-1)?.peek();
      if (!document.hidden || !message || isMoving(message)) return; // seen, or another chat was opened
      unseen.value = true;
      if (Date.now() - since >= LONG_MS) void notify(chats.get(thread.id)?.title || t("chat.untitled"), textOf(message).slice(0, 140), thread.id);
    };
  }, [moving]);
  return null;
}
