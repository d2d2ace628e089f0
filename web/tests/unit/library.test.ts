import { describe, expect, it } from "vitest";
import { grouped } from "../../src/components/Sidebar";
import { ancestors, visiblePath } from "../../src/state/branches";
import { Library } from "../../src/state/library";
import { MemoryStorage } from "../../src/state/memory";
import type { Message } from "../../src/state/records";
import { openTab, SharedStorage, TestClock, TestServer } from "./world";

function message(conversation: string, parent: string | null, text: string): Omit<Message, "id" | "created" | "updated"> {
  return {
    conversation,
    parent,
    text,
    role: "user",
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
  };
}

const texts = (library: Library, id: string) => library.thread(id).value.map(({ value }) => value.text);
const titles = (library: Library) => library.conversations.value.map(({ title }) => title);

describe("Library", () => {
  it("keeps conversations and messages for the next visit", () => {
    const shared = new SharedStorage();
    const { library } = openTab(new TestServer(), shared);
    const { id } = library.create("Hello there");
    const question = library.add(message(id, null, "Hello there"));
    library.add(message(id, question.value.id, "General"));
    const later = openTab(new TestServer(), shared, "b").library;
    expect(titles(later)).toEqual(["Hello there"]);
    expect(texts(later, id)).toEqual(["Hello there", "General"]);
  });

  it("shows the latest conversation first", () => {
    const { library, clock } = openTab(new TestServer());
    const first = library.create("first");
    clock.pass(10);
    library.create("second");
    expect(titles(library)).toEqual(["second", "first"]);
    clock.pass(10);
    library.add(message(first.id, null, "again"));
    expect(titles(library)).toEqual(["first", "second"]);
  });

  it("renames, but not to nothing", () => {
    const { library } = openTab(new TestServer());
    const { id } = library.create("old");
    library.rename(id, "  new ");
    library.rename(id, "   ");
    expect(titles(library)).toEqual(["new"]);
  });

  it("deletes every record, and brings them back", () => {
    const { library, storage } = openTab(new TestServer());
    const { id } = library.create("x");
    library.add(message(id, null, "one"));
    const streaming = library.add({ ...message(id, null, "two"), status: "streaming", owner: "a" });
    const deleted = library.remove(id);
    expect(storage.length).toBe(0);
    library.save(streaming); // an answer that ends late must not come back alone
    expect(storage.length).toBe(0);
    if (deleted) library.restore(deleted);
    expect(texts(library, id)).toEqual(["one", "two"]);
    expect(library.thread(id).value.map(({ value }) => value.status)).toEqual(["done", "interrupted"]);
  });

  it("gives ids that sort by time, also within a millisecond", () => {
    const { library } = openTab(new TestServer());
    const ids = Array.from({ length: 50 }, () => library.newId());
    expect(ids.toSorted()).toEqual(ids);
    expect(new Set(ids).size).toBe(50);
  });

  it("passes over damaged and foreign records", () => {
    const storage = new MemoryStorage();
    storage.setItem("other", "x");
    storage.setItem("fathom:conversation:a", "{");
    storage.setItem("fathom:conversation:b", "null");
    storage.setItem("fathom:conversation:c", '{"id":"c"}');
    storage.setItem("fathom:message:c:1", '{"id":"1","conversation":"c","status":"odd","text":5}');
    storage.setItem("fathom:message:c", "[]");
    const library = new Library(storage, new TestClock(), "a");
    expect(library.conversations.value).toEqual([{ id: "c", title: "", created: 0, updated: 0 }]);
    expect(library.thread("c").value.map(({ value }) => [value.status, value.text])).toEqual([["done", ""]]);
  });

  it("says when the storage is full, and goes on", () => {
    const storage = new MemoryStorage();
    storage.setItem = () => {
      throw new DOMException("full", "QuotaExceededError");
    };
    const library = new Library(storage, new TestClock(), "a");
    const { id } = library.create("x");
    library.add(message(id, null, "one"));
    expect(library.full.value).toBe(true);
    expect(texts(library, id)).toEqual(["one"]);
  });
});

describe("two tabs", () => {
  function twoTabs() {
    const shared = new SharedStorage();
    const server = new TestServer();
    return { shared, a: openTab(server, shared, "a").library, b: openTab(server, shared, "b").library };
  }

  it("see each other's conversations come, change and go", () => {
    const { a, b } = twoTabs();
    const { id } = a.create("from a");
    b.create("from b");
    expect(titles(a).toSorted()).toEqual(["from a", "from b"]);
    expect(titles(b).toSorted()).toEqual(["from a", "from b"]);
    b.rename(id, "renamed by b");
    expect(titles(a)).toContain("renamed by b");
    a.remove(id);
    expect(titles(b)).toEqual(["from b"]);
  });

  it("write into one conversation without losing a message", () => {
    const { a, b, shared } = twoTabs();
    const { id } = a.create("both");
    b.thread(id);
    const root = a.add(message(id, null, "root"));
    const inA = a.add({ ...message(id, root.value.id, ""), status: "streaming", owner: "a" });
    const inB = b.add({ ...message(id, root.value.id, ""), status: "streaming", owner: "b" });
    for (const text of ["x", "xy", "xyz"]) {
      a.update(inA, { text: `a${text}` });
      a.save(inA);
      b.update(inB, { text: `b${text}` });
      b.save(inB);
    }
    for (const library of [a, b, openTab(new TestServer(), shared, "c").library]) {
      expect(texts(library, id).toSorted()).toEqual(["axyz", "bxyz", "root"]);
    }
  });

  it("see an answer grow that the other tab streams", () => {
    const { a, b } = twoTabs();
    const { id } = a.create("x");
    const answer = a.add({ ...message(id, null, "half"), status: "streaming", owner: "a" });
    const seen = b.thread(id).value[0];
    a.update(answer, { text: "half and half", status: "done", owner: null });
    a.save(answer);
    expect(seen?.value.text).toBe("half and half");
    expect(seen?.value.status).toBe("done");
  });

  it("start anew where one clears the storage", () => {
    const { a, b, shared } = twoTabs();
    a.create("x");
    shared.items.clear();
    b.onStorage(null);
    expect(titles(b)).toEqual([]);
  });
});

describe("branches", () => {
  it("show the newest version, or the one chosen", () => {
    const { library, clock } = openTab(new TestServer());
    const { id } = library.create("x");
    const add = (parent: string | null, text: string) => {
      clock.pass(1);
      return library.add(message(id, parent, text)).value.id;
    };
    const question = add(null, "q");
    const first = add(question, "a1");
    add(first, "follow-up");
    const second = add(question, "a2");
    const shown = (choices: Map<string, string>) => visiblePath(library.thread(id).value, choices).map(({ message: { value } }) => value.text);
    expect(shown(new Map())).toEqual(["q", "a2"]);
    expect(shown(new Map([[question, first]]))).toEqual(["q", "a1", "follow-up"]);
    expect(shown(new Map([[question, "gone"]]))).toEqual(["q", "a2"]);
    const edited = add(null, "q, edited");
    expect(shown(new Map())).toEqual(["q, edited"]);
    expect(shown(new Map([[id, question]]))).toEqual(["q", "a2"]);
    expect(visiblePath(library.thread(id).value, new Map([[id, question]]))[1]?.siblings).toEqual([first, second]);
    expect(ancestors(library.thread(id).value, second).map(({ text }) => text)).toEqual(["q", "a2"]);
    expect(ancestors(library.thread(id).value, edited)).toHaveLength(1);
  });

  it("survive a message that is its own ancestor", () => {
    const storage = new MemoryStorage();
    storage.setItem("fathom:conversation:c", '{"id":"c"}');
    storage.setItem("fathom:message:c:1", '{"id":"1","conversation":"c","parent":"2"}');
    storage.setItem("fathom:message:c:2", '{"id":"2","conversation":"c","parent":"1"}');
    const thread = new Library(storage, new TestClock(), "a").thread("c").value;
    expect(visiblePath(thread, new Map())).toEqual([]);
    expect(ancestors(thread, "1").length).toBeLessThanOrEqual(3);
  });
});

describe("groups", () => {
  it("groups by the calendar day, not by hours", () => {
    const at = (text: string) => new Date(text).getTime();
    const list = ["2025-03-10T00:30", "2025-03-09T23:50", "2025-03-05T12:00", "2025-02-20T12:00", "2024-01-01T12:00"];
    const conversations = list.map((time) => ({ id: time, title: time, created: at(time), updated: at(time) }));
    expect(grouped(conversations, at("2025-03-10T01:00")).map(([label, group]) => [label, group.length])).toEqual([
      ["Today", 1],
      ["Yesterday", 1],
      ["Previous 7 days", 1],
      ["Previous 30 days", 1],
      ["Older", 1],
    ]);
  });
});
