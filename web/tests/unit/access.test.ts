import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Access, ACCESS_KEY, parseKey } from "../../src/state/access";
import { MemoryStorage } from "../../src/state/memory";
import { openTab, SharedStorage, TestServer } from "./world";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Lets what is promised happen. */
const settle = () => vi.advanceTimersByTimeAsync(0);

/** A server that asks for the key "right", and a first question to it. */
async function asked(shared = new SharedStorage(), name = "a", server = new TestServer()) {
  server.key = "right";
  const tab = openTab(server, shared, name);
  await tab.model.refresh();
  const { id } = tab.library.create("Why?");
  const [, answer] = tab.answers.ask(id, null, "Why?");
  await settle();
  const message = () => tab.library.thread(id).value.find(({ value }) => value.id === answer)?.value;
  return { ...tab, id, message, server };
}

describe("a server that asks for a key", () => {
  it("gets the waiting message with the key that the reader gives", async () => {
    const { access, message, server, storage } = await asked();
    expect([access.asking.value, message()?.status]).toEqual(["missing", "waiting"]);
    access.change(" right ");
    await settle();
    expect([access.asking.value, message()?.status]).toEqual([null, "streaming"]);
    expect(server.keys).toEqual([null, "Bearer right"]);
    expect(server.requests[1]).toEqual(server.requests[0]);
    expect(storage.getItem(ACCESS_KEY)).toBe("right");
  });

  it("is asked again where the key is wrong", async () => {
    const { access, message, server } = await asked();
    access.change("left");
    await settle();
    expect([access.asking.value, message()?.status]).toEqual(["wrong", "waiting"]);
    access.change("right");
    await settle();
    expect(server.keys).toEqual([null, "Bearer left", "Bearer right"]);
    expect(message()?.status).toBe("streaming");
  });

  it("fails the message of a reader who has no key, and says why", async () => {
    const { access, message } = await asked();
    access.decline();
    await settle();
    expect(access.asking.value).toBeNull();
    expect(message()).toMatchObject({ status: "failed", error: "the server asks for an API key" });
    const second = await asked();
    second.access.change("left");
    await settle();
    second.access.decline();
    await settle();
    expect(second.message()).toMatchObject({ status: "failed", error: "the server did not accept the API key" });
  });

  it("asks nothing more once the reader stops", async () => {
    const { access, answers, id, message, server } = await asked();
    answers.stop(id);
    await settle();
    expect([access.asking.value, message()?.status]).toEqual([null, "stopped"]);
    access.change("right");
    await settle();
    expect(server.requests).toHaveLength(1);
  });

  it("asks once for all who wait, in this tab and the others", async () => {
    const shared = new SharedStorage();
    const one = await asked(shared, "a");
    const two = await asked(shared, "b");
    const { id } = one.library.create("And?");
    one.answers.ask(id, null, "And?");
    await settle();
    one.access.change("right");
    await settle();
    expect(one.server.keys).toEqual([null, null, "Bearer right", "Bearer right"]);
    expect(two.server.keys).toEqual([null, "Bearer right"]);
    expect([one.access.asking.value, two.access.asking.value]).toEqual([null, null]);
    two.access.change("");
    expect(one.access.key.value).toBeNull();
  });

  it("gets the key without a question when it is kept already", async () => {
    const shared = new SharedStorage();
    shared.items.setItem(ACCESS_KEY, "right");
    const { server } = await asked(shared);
    expect(server.keys).toEqual(["Bearer right"]);
  });
});

it("holds a key that the browser cannot keep", () => {
  const storage = new MemoryStorage();
  vi.spyOn(storage, "setItem").mockImplementation(() => {
    throw new DOMException("full", "QuotaExceededError");
  });
  const access = new Access(storage);
  access.change("right");
  expect(access.key.value).toBe("right");
});

it.each([
  ["sk-1", "sk-1"],
  [" a b\n", "a b"],
  ["", null],
  ["  ", null],
  ["ключ", null],
  ["a\nb", null],
])("reads %j as the key %j", (text, key) => {
  expect(parseKey(text)).toBe(key);
});
