/**
 * The page's own key combinations.
 *
 * None is one of the browser's: Ctrl+Alt (on a Mac: Option+Command) with these keys is free in Chrome, Edge, Firefox and
 * Safari, as are Ctrl+/ and Escape. Where AltGr is Ctrl+Alt and writes a letter, that letter comes and no shortcut. The one exception
 * is Ctrl+K, which in every chat is the search; browsers have their own search there, and Ctrl+L beside it.
 * Single letters are none (WCAG 2.1.4), but for `?`, and that one only where nothing is being typed.
 */

export type ShortcutName = "search" | "new" | "focus" | "stop" | "copy" | "sidebar" | "previous" | "next" | "help";

export interface Shortcut {
  readonly name: ShortcutName;
  readonly mod: boolean; // Ctrl, on a Mac Command
  readonly alt: boolean; // on a Mac Option
  readonly key: string; // as it is written without Shift
  readonly code: string; // of the key: on a Mac, Option makes another letter of it
}

function combination(name: ShortcutName, key: string, code: string, modifiers: "mod" | "mod+alt" | "none"): Shortcut {
  return { name, key, code, mod: modifiers !== "none", alt: modifiers === "mod+alt" };
}

export const SHORTCUTS: readonly Shortcut[] = [
  combination("search", "k", "KeyK", "mod"),
  combination("new", "n", "KeyN", "mod+alt"),
  combination("focus", "p", "KeyP", "mod+alt"),
  combination("stop", "Escape", "Escape", "none"),
  combination("copy", "y", "KeyY", "mod+alt"),
  combination("sidebar", "s", "KeyS", "mod+alt"),
  combination("previous", ",", "Comma", "mod+alt"),
  combination("next", ".", "Period", "mod+alt"),
  combination("help", "/", "Slash", "mod"),
];

type Pressed = Pick<KeyboardEvent, "key" | "code" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey"> & { getModifierState(name: "AltGraph"): boolean };

/** The shortcut that a key press is; null where it is none. `typing`: a text field has the focus. */
export function shortcutOf(event: Pressed, mac: boolean, typing: boolean): ShortcutName | null {
  if (event.key === "?" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) return "help";
  const mod = mac ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey;
  if (!mod || (!mac && event.getModifierState("AltGraph"))) return null;
  const pressed = SHORTCUTS.find(({ mod: own, alt, key, code }) => {
    if (!own || alt !== event.altKey) return false;
    if (event.key.toLowerCase() === key) return !event.shiftKey || key === "/"; // which some layouts have on Shift
    return mac && alt && event.code === code && !event.shiftKey;
  });
  return pressed?.name ?? null;
}

/** The keys of a shortcut, in the order in which they are pressed. */
export function keysOf({ mod, alt, key }: Shortcut, mac: boolean): string[] {
  const name = key === "Escape" ? "Esc" : key.toUpperCase();
  return [...(alt && mac ? ["⌥"] : []), ...(mod ? [mac ? "⌘" : "Ctrl"] : []), ...(alt && !mac ? ["Alt"] : []), name];
}

export function isMac(navigator: Pick<Navigator, "platform">): boolean {
  return /Mac|iPhone|iPad/.test(navigator.platform);
}
