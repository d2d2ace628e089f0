import { describe, expect, it } from "vitest";
import { listConversations } from "../../src/api/assistant/conversations";
import { ApiError } from "../../src/api/errors";
import { Access, ACCESS_KEY, parseKey } from "../../src/state/access";
import { MemoryStorage } from "../../src/state/memory";
import { until, World } from "./world";

function locked(): World {
  const world = new World();
  world.key = "right";
  return world;
}

describe("a server that asks for a key", () => {
  it("gets the waiting requests with the key that the reader gives", async () => {
    const world = locked();
    const lists = [listConversations(world.client), listConversations(world.client)];
    await until(() => world.access.asking.value === "missing");
    world.access.change(" right ");
    expect(await Promise.all(lists)).toEqual([{ data: [], next: null }, { data: [], next: null }]);
    expect(world.access.asking.value).toBe(null);
    expect(world.storage.getItem(ACCESS_KEY)).toBe("right");
  });

  it("is asked again where the key is wrong", async () => {
    const world = locked();
    const list = listConversations(world.client);
    await until(() => world.access.asking.value === "missing");
    world.access.change("left");
    await until(() => world.access.asking.value === "wrong");
    world.access.change("right");
    await list;
  });

  it("refuses where the reader has no key, and says why", async () => {
    const world = locked();
    const list = listConversations(world.client).catch((error: unknown) => error);
    await until(() => world.access.asking.value === "missing");
    world.access.decline();
    const error = await list;
    expect(error).toBeInstanceOf(ApiError);
    expect((error as ApiError).message).toBe("the server asks for an API key");
    expect(world.access.asking.value).toBe(null);
  });

  it("takes the key that another tab was given", async () => {
    const world = locked();
    const list = listConversations(world.client);
    await until(() => world.access.asking.value === "missing");
    world.storage.setItem(ACCESS_KEY, "right");
    world.access.onStorage(ACCESS_KEY);
    await list;
  });
});

it("works where nothing can be stored", () => {
  const storage = new (class extends MemoryStorage {
    override setItem(): void {
      throw new DOMException("full", "QuotaExceededError");
    }
  })();
  const access = new Access(storage);
  access.change("right");
  expect(access.key.value).toBe("right");
});

it.each([
  ["", null],
  ["  ", null],
  ["schlüssel", null],
  ["a\nb", null],
  [" sk-1 ", "sk-1"],
])("takes %j as the key %j", (text, key) => {
  expect(parseKey(text)).toBe(key);
});
