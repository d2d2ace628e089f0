import { describe, expect, it } from "vitest";
import { visiblePath } from "../../src/state/branches";
import type { Message } from "../../src/state/records";
import { fileName, fromJson, toJson, toMarkdown } from "../../src/state/transfer";
import { openTab, TestServer } from "./world";

const blank = {
  thinking: "",
  thinkingSince: null,
  thinkingMs: null,
  status: "done",
  owner: null,
  model: null,
  finish: null,
  usage: null,
  tokensPerSecond: null,
  error: null,
  remedy: null,
} as const;

/** A chat with two answers to one question, the second of which still streams. */
function chat() {
  const { library, clock } = openTab(new TestServer());
  const conversation = library.create("Why?");
  const { id } = conversation;
  const add = (parent: string | null, role: Message["role"], change: Partial<Message>) =>
    library.add({ ...blank, text: "", conversation: id, parent, role, ...change }).value.id;
  const question = add(null, "user", { text: "Why?" });
  add(question, "assistant", { text: "Because.", thinking: "hm", model: "m" });
  add(question, "assistant", { text: "So", status: "streaming", owner: "a" });
  return { library, clock, conversation, messages: library.thread(id).value.map(({ value }) => value) };
}

const file = (change: object) => JSON.stringify({ format: "fathom-conversation", version: 1, title: "t", created: 1, messages: [], ...change });

function reader() {
  let last = 0;
  return (text: string) => fromJson(text, () => `new-${(last += 1)}`, 1000);
}

it("writes Markdown for reading", () => {
  const { conversation, messages } = chat();
  expect(toMarkdown(conversation, messages.slice(0, 2))).toBe(
    "# Why?\n\n## You\n\nWhy?\n\n## Fathom\n\n<details><summary>Thinking</summary>\n\nhm\n\n</details>\n\nBecause.\n",
  );
});

it("brings back what JSON kept, beside the original", () => {
  const { library, clock, conversation, messages } = chat();
  const copy = fromJson(toJson(conversation, messages), () => library.newId(), clock.now());
  if (!copy) throw new Error("the file was refused");
  library.restore(copy);
  expect(library.conversations.value.map(({ title }) => title)).toEqual(["Why?", "Why?"]);
  const thread = library.thread(copy.conversation.id).value;
  expect(thread.map(({ value: { text, thinking, status, model } }) => [text, thinking, status, model])).toEqual([
    ["Why?", "", "done", null],
    ["Because.", "hm", "done", "m"],
    ["So", "", "interrupted", null],
  ]);
  expect(visiblePath(thread, new Map())[1]?.siblings).toHaveLength(2);
  expect(thread.some(({ value }) => messages.some(({ id }) => id === value.id))).toBe(false);
});

describe("a file of a stranger", () => {
  it.each(["", "{", "null", "[]", "{}", file({}), file({ version: 2 }), file({ messages: "x" }), file({ messages: [null, 1, {}] }), " ".repeat(8_000_001)])(
    "is refused when it is no chat (%#)",
    (text) => {
      expect(reader()(text)).toBeNull();
    },
  );

  it("cannot name ids, owners, other chats or the future", () => {
    const message = { id: "fathom:settings", conversation: "other", owner: "a", status: "streaming", thinkingSince: 5, created: 9e15, text: 7 };
    const copy = reader()(file({ title: "x".repeat(500), created: 9e15, messages: [message, message] }));
    expect(copy?.conversation).toEqual({ id: "new-1", title: "x".repeat(200), created: 1000, updated: 1000 });
    expect(copy?.messages).toEqual([
      { ...blank, id: "new-2", conversation: "new-1", parent: null, role: "user", text: "", status: "interrupted", created: 1000, updated: 1000 },
    ]);
  });

  it("cannot make a circle", () => {
    const copy = reader()(file({ messages: [{ id: "a", parent: "b" }, { id: "b", parent: "a" }, { id: "c", parent: "c" }] }));
    expect(copy?.messages.map(({ id, parent }) => [id, parent])).toEqual([["new-2", null], ["new-3", "new-2"], ["new-4", null]]);
  });
});

it.each([
  ["Why is 1 < 2?", "Why-is-1-2.md"],
  ["../../etc/passwd", "etc-passwd.md"],
  ["…", "chat.md"],
  ["Ünïcode 日本", "Ünïcode-日本.md"],
])("names the file of %j", (title, name) => {
  expect(fileName(title, "md")).toBe(name);
});
