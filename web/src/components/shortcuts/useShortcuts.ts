import { useEffect } from "preact/hooks";
import type { App } from "../../state/app";
import { isMac, shortcutOf, type ShortcutName } from "../../state/shortcuts";
import { useApp } from "../context";
import { toggleSidebar } from "./sidebar";

/** The page's shortcuts, wherever the focus is. Inside a dialog only its own keys count. */
export function useShortcuts(): void {
  const app = useApp();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
      const name = shortcutOf(event, isMac(navigator), isTyping(event.target));
      if (name === null || name === "stop") return; // Escape also closes: the page decides (ChatPage)
      event.preventDefault();
      act(app, name);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}

function act(app: App, name: Exclude<ShortcutName, "stop">): void {
  if (name === "new") app.newChat();
  else if (name === "help") app.openDialog("shortcuts");
  else if (name === "sidebar") toggleSidebar(app);
  else if (name === "focus") document.querySelector<HTMLElement>(".composer textarea")?.focus();
  else if (name === "copy") [...document.querySelectorAll<HTMLElement>(".answer .copy-answer button")].at(-1)?.click();
  else if (name === "search") search(app);
  else step(name === "next" ? 1 : -1);
}

function search(app: App): void {
  if (!document.querySelector(".sidebar")?.checkVisibility()) toggleSidebar(app);
  requestAnimationFrame(() => document.querySelector<HTMLElement>(".sidebar input[type=search]")?.focus());
}

/** Opens the chat below or above the open one in the list; from a new chat, the first. */
function step(by: 1 | -1): void {
  const chats = [...document.querySelectorAll<HTMLAnchorElement>('.sidebar a[href^="#/c/"]')];
  const at = chats.findIndex((chat) => chat.getAttribute("aria-current") === "page");
  const next = at < 0 ? (by > 0 ? chats[0] : undefined) : chats[at + by];
  next?.click();
  next?.scrollIntoView({ block: "nearest" });
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("textarea, select, [contenteditable], input:not([type=checkbox], [type=radio], [type=button], [type=range])");
}
