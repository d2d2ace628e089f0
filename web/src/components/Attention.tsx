import { useComputed } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { t } from "../i18n";
import { isMoving, openThought, textOf } from "../state/message";
import type { Thread } from "../state/thread";
import { useApp } from "./context";

const LONG_MS = 20_000; // of a thought after which a reader may have gone elsewhere

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

async function notify(title: string, body: string, chat: string): Promise<void> {
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  const options = { body, tag: chat, icon: "icons/192.png" };
  const registration = await navigator.serviceWorker?.getRegistration();
  if (registration) return registration.showNotification(title, options); // phones allow no other way
  new Notification(title, options).addEventListener("click", () => window.focus());
}
