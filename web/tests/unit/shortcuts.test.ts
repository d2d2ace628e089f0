import { expect, it } from "vitest";
import { keysOf, SHORTCUTS, shortcutOf } from "../../src/state/shortcuts";

function press(keys: string, { code = "", graph = false } = {}) {
  const parts = keys.split("+");
  const has = (name: string) => parts.includes(name);
  return {
    key: parts.at(-1) ?? "", code, ctrlKey: has("Ctrl"), metaKey: has("Meta"), altKey: has("Alt"), shiftKey: has("Shift"), getModifierState: () => graph,
  }; // prettier-ignore
}

it.each([
  ["Ctrl+k", "search"],
  ["Ctrl+K", "search"], // with Caps Lock
  ["Ctrl+Alt+n", "new"],
  ["Ctrl+Alt+.", "next"],
  ["Ctrl+/", "help"],
  ["Ctrl+Shift+/", "help"], // German: / is on Shift+7
  ["Ctrl+n", null],
  ["Ctrl+t", null],
  ["Ctrl+w", null],
  ["Ctrl+l", null],
  ["Ctrl+Shift+k", null], // Firefox's console
  ["Ctrl+Alt+ń", null], // AltGr+N in Poland
  ["Meta+k", null],
  ["Alt+n", null],
  ["n", null],
])("takes %s for %s", (keys, name) => {
  expect(shortcutOf(press(keys), false, true)).toBe(name);
});

it("takes a question mark only where nothing is typed", () => {
  expect(shortcutOf(press("Shift+?"), false, false)).toBe("help");
  expect(shortcutOf(press("Shift+?"), false, true)).toBe(null);
});

it("leaves AltGr to the letters that it writes", () => {
  expect(shortcutOf(press("Ctrl+Alt+n", { graph: true }), false, true)).toBe(null);
});

it("goes by the key on a Mac, where Option makes another letter of it", () => {
  expect(shortcutOf(press("Meta+Alt+˜", { code: "KeyN" }), true, true)).toBe("new");
  expect(shortcutOf(press("Meta+k"), true, true)).toBe("search");
  expect(shortcutOf(press("Ctrl+k"), true, true)).toBe(null); // which deletes to the end of the line
});

it("names the keys of each, and none twice", () => {
  expect(SHORTCUTS.slice(0, 2).map((shortcut) => keysOf(shortcut, false))).toEqual([["Ctrl", "K"], ["Ctrl", "Alt", "N"]]);
  expect(SHORTCUTS.slice(0, 2).map((shortcut) => keysOf(shortcut, true))).toEqual([["⌘", "K"], ["⌥", "⌘", "N"]]);
  const all = SHORTCUTS.map((shortcut) => keysOf(shortcut, false).join("+"));
  expect(new Set(all).size).toBe(all.length);
});
