import { isMac, keysOf, SHORTCUTS, type ShortcutName } from "../../state/shortcuts";

/** The keys of a shortcut, as a menu or a button shows them. */
export function ShortcutKeys({ name }: { readonly name: ShortcutName }) {
  const shortcut = SHORTCUTS.find((candidate) => candidate.name === name);
  if (!shortcut) return null;
  return (
    <span class="shortcut">
      {keysOf(shortcut, isMac(navigator)).map((key) => (
        <kbd key={key}>{key}</kbd>
      ))}
    </span>
  );
}

/** The same for `aria-keyshortcuts`. */
export function ariaKeys(name: ShortcutName): string {
  const shortcut = SHORTCUTS.find((candidate) => candidate.name === name);
  if (!shortcut) return "";
  const mod = isMac(navigator) ? "Meta+" : "Control+";
  return `${shortcut.mod ? mod : ""}${shortcut.alt ? "Alt+" : ""}${shortcut.key}`;
}
