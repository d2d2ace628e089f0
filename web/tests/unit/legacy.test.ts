import { expect, it } from "vitest";
import { countLegacy, readLegacy, removeLegacy } from "../../src/state/legacy";
import { MemoryStorage } from "../../src/state/memory";

function filled(): MemoryStorage {
  const storage = new MemoryStorage();
  const put = (key: string, value: unknown) => storage.setItem(key, JSON.stringify(value));
  put("fathom:conversation:a", { id: "a", title: "A", created: 5, updated: 9 });
  put("fathom:message:a:2", { id: "2", conversation: "a", parent: "1", role: "assistant", text: "Yes.", created: 7 });
  put("fathom:message:a:1", { id: "1", conversation: "a", parent: null, role: "user", text: "Why?", created: 6 });
  put("fathom:settings", { theme: "dark" });
  storage.setItem("fathom:conversation:b", "{");
  return storage;
}

it("reads the chats that a browser kept, with their messages in order", () => {
  const storage = filled();
  expect(countLegacy(storage)).toBe(2);
  const { conversations } = readLegacy(storage);
  expect(conversations.map(({ id, title, created, format, version }) => [id, title, created, format, version])).toEqual([["a", "A", 5, "fathom-conversation", 1]]);
  expect(conversations[0]?.messages.map(({ id }) => id)).toEqual(["1", "2"]);
});

it("removes them and nothing else", () => {
  const storage = filled();
  removeLegacy(storage);
  expect(countLegacy(storage)).toBe(0);
  expect(storage.getItem("fathom:settings")).not.toBe(null);
});
