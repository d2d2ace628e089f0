import { describe, expect, it } from "vitest";
import type { Message } from "../../src/api/assistant/types";
import { textOf } from "../../src/state/message";
import { Thread } from "../../src/state/thread";
import { until, World } from "./world";

const texts = (thread: Thread) => thread.messages.value.map(({ value }) => textOf(value));
const turns = (count: number) => Array.from({ length: count }, (_, index) => [`q${index}`, `a${index}`]);

async function opened(count: number) {
  const world = new World();
  const row = world.assistant["seed"]({ turns: turns(count) });
  const thread = new Thread(row.id, world.client);
  await thread.refresh();
  return { world, row, thread };
}

function answer(change: Partial<Message>): Message {
  const blank = { id: "z", parent: null, role: "assistant", model: null, state: "streaming", finish_reason: null, error: null, usage: null, parts: [], run: "r", created: 1, updated: 1, siblings: ["z"], index: 0 } as const;
  return { ...blank, ...change };
}

describe("an open chat", () => {
  it("has the end of the path first, then what is before it", async () => {
    const { thread } = await opened(60);
    expect([thread.messages.value.length, thread.older.value, texts(thread).at(-1)]).toEqual([50, true, "a59"]);
    await thread.loadOlder();
    expect([thread.messages.value.length, thread.older.value, texts(thread)[0]]).toEqual([120, false, "q0"]);
  });

  it("keeps the messages that it has when it is fetched again", async () => {
    const { thread } = await opened(60);
    await thread.loadOlder();
    const before = thread.messages.value;
    await thread.refresh();
    expect(thread.messages.value).toBe(before);
  });

  it("says that there is no such chat", async () => {
    const thread = new Thread("none", new World().client);
    await thread.refresh();
    expect(thread.state.value).toBe("missing");
  });

  it("shows another branch from where it leaves the one that was shown", async () => {
    const { row, thread, world } = await opened(3);
    const [, first] = thread.messages.value.map(({ value }) => value);
    world.assistant["addMessage"](row, { role: "user", parent: first?.id, parts: [{ type: "text", text: "other" }], state: "done" });
    await thread.refresh();
    expect(texts(thread)).toEqual(["q0", "a0", "other"]);
  });

  it("fetches again what may be older than a message that came meanwhile", async () => {
    const { row, thread, world } = await opened(1);
    const fetched = thread.refresh();
    const last = thread.messages.value.at(-1)?.value;
    const added = world.assistant["addMessage"](row, { role: "user", parent: last?.id, parts: [{ type: "text", text: "new" }], state: "done" });
    thread.onMessage(world.assistant["messageJson"](added), null);
    await fetched;
    await until(() => texts(thread).length === 3);
    expect(texts(thread)).toEqual(["q0", "a0", "new"]);
  });
});

describe("a run", () => {
  it("goes on from a snapshot, and passes over what it includes", async () => {
    const { thread } = await opened(1);
    const parent = thread.last?.id ?? null;
    thread.onMessage(answer({ parent, parts: [{ type: "answer", text: "ab" }] }), 2);
    thread.onRun("r", { type: "delta", sequence: 2, part: 0, kind: "answer", text: "b" });
    thread.onRun("r", { type: "delta", sequence: 3, part: 0, kind: "answer", text: "c" });
    expect(thread.positions()).toEqual([{ run: "r", sequence: 3 }]);
    thread.onRun("r", { type: "finished", sequence: 4, state: "done", finish_reason: "stop", usage: null, error: null });
    expect(texts(thread).at(-1)).toBe("abc");
    expect([thread.last?.state, thread.positions()]).toEqual(["done", []]);
  });

  it("that was fetched in the middle begins anew when the stream begins it", async () => {
    const { thread } = await opened(1);
    const parent = thread.last?.id ?? null;
    thread.onMessage(answer({ parent, state: "waiting" }), null);
    thread.onRun("r", { type: "delta", sequence: 1, part: 0, kind: "answer", text: "x" });
    thread.onMessage(answer({ parent, parts: [{ type: "answer", text: "stale" }] }), null); // a page that was fetched before
    thread.onRun("r", { type: "finished", sequence: 2, state: "done", finish_reason: "stop", usage: null, error: null });
    expect(texts(thread).at(-1)).toBe("x");
  });

  it("may be ahead of the path that it belongs to", async () => {
    const world = new World();
    const row = world.assistant["seed"]({ turns: turns(1) });
    const stored = world.assistant["addMessage"](row, { role: "assistant", parent: row.head, parts: [], state: "streaming", run: "r" });
    const thread = new Thread(row.id, world.client);
    const loaded = thread.refresh();
    thread.onMessage({ ...world.assistant["messageJson"](stored), parts: [{ type: "answer", text: "ab" }] }, 2);
    thread.onRun("r", { type: "delta", sequence: 3, part: 0, kind: "answer", text: "c" });
    await loaded;
    await until(() => texts(thread).length === 3);
    thread.onRun("r", { type: "delta", sequence: 4, part: 0, kind: "answer", text: "d" });
    await until(() => texts(thread).at(-1) === "abcd");
  });

  it("goes on where it waited for its model", async () => {
    const { thread } = await opened(1);
    thread.onMessage(answer({ parent: thread.last?.id ?? null, state: "interrupted", parts: [{ type: "answer", text: "a" }], error: { message: "no model" } }), 4);
    expect(thread.positions()).toEqual([{ run: "r", sequence: 4 }]);
    thread.onRun("r", { type: "started", sequence: 5 });
    thread.onRun("r", { type: "delta", sequence: 6, part: 0, kind: "answer", text: "b" });
    await until(() => thread.last?.state === "streaming");
    expect([texts(thread).at(-1), thread.last?.error]).toEqual(["ab", null]);
    thread.onRun("r", { type: "interrupted", sequence: 7, message: "no model", remedy: "fetch it" });
    await until(() => thread.last?.state === "interrupted");
  });

  it("says what it does until something comes", async () => {
    const { thread } = await opened(1);
    thread.onMessage(answer({ parent: thread.last?.id ?? null, state: "waiting" }), null);
    thread.onRun("r", { type: "status", sequence: 1, text: "Searching" });
    expect(thread.status.value).toBe("Searching");
    thread.onRun("r", { type: "delta", sequence: 2, part: 0, kind: "answer", text: "x" });
    expect(thread.status.value).toBe(null);
  });
});
