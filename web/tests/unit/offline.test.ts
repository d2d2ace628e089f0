import { expect, it } from "vitest";
import { openKept } from "../../src/state/offline";

/** The browser's cache in miniature: one store of answers by address, in the order in which they were put. */
class TestCaches {
  readonly answers = new Map<string, string>();

  open = async () => ({
    keys: async () => [...this.answers.keys()].map((url) => ({ url })),
    match: async (name: string) => (this.answers.has(name) ? new Response(this.answers.get(name)) : undefined),
    put: async (name: string, answer: Response) => void this.answers.set(name, await answer.text()),
    delete: async (name: string | { readonly url: string }) => this.answers.delete(typeof name === "string" ? name : name.url),
  });

  delete = async () => (this.answers.clear(), true);
}

function world() {
  const server = { up: true, status: 200, bodies: new Map<string, unknown>(), asked: [] as string[] };
  const caches = new TestCaches();
  const keys: { key: string | null } = { key: null };
  const plain = async (input: string, init?: RequestInit) => {
    server.asked.push(`${init?.method ?? "GET"} ${input}`);
    if (!server.up) throw new TypeError("failed to fetch");
    return Response.json(server.bodies.get(input) ?? { id: input.split("/")[2], data: [] }, { status: server.status });
  };
  const { fetch, keep } = openKept(plain, caches as unknown as CacheStorage, () => keys.key, "http://page.test/base/");
  const ask = async (input: string, init?: RequestInit) => {
    const answer = await fetch(input, init);
    await new Promise((resolve) => setTimeout(resolve, 5)); // it is kept behind the answer
    return (await answer.json()) as unknown;
  };
  return { server, caches, keys, ask, keep };
}

it("answers from what it kept while the server is gone", async () => {
  const { server, ask } = world();
  server.bodies.set("api/conversations/a/messages?limit=50", { data: [1, 2] });
  await ask("api/conversations/a/messages?limit=50");
  server.up = false;
  expect(await ask("api/conversations/a/messages?limit=50")).toEqual({ data: [1, 2] });
  await expect(ask("api/conversations/b/messages?limit=50")).rejects.toThrow("failed to fetch");
  server.up = true;
  server.bodies.set("api/conversations/a/messages?limit=50", { data: [3] });
  expect(await ask("api/conversations/a/messages?limit=50")).toEqual({ data: [3] });
});

it("keeps nothing for another key", async () => {
  const { server, keys, caches, ask } = world();
  keys.key = "one";
  await ask("api/conversations");
  expect(JSON.stringify([...caches.answers])).not.toContain("one");
  keys.key = "two";
  server.up = false;
  await expect(ask("api/conversations")).rejects.toThrow("failed to fetch");
  keys.key = "one"; // and it is gone for the first one, too
  await expect(ask("api/conversations")).rejects.toThrow("failed to fetch");
});

it.each(["api/live?conversation=a", "api/search?q=x", "v1/models", "health", "api/files/f/content", "api/conversations/a/runs/r/events"])("does not keep %s", async (path) => {
  const { caches, ask } = world();
  await ask(path);
  expect(caches.answers.size).toBe(0);
});

it("keeps neither refusals nor what is written", async () => {
  const { server, caches, ask } = world();
  await ask("api/conversations", { method: "POST", body: "{}" });
  server.status = 401;
  await ask("api/conversations");
  expect(caches.answers.size).toBe(0);
});

it("does not keep temporary chats", async () => {
  const { server, caches, ask } = world();
  server.bodies.set("api/conversations/t", { id: "t", temporary: true });
  await ask("api/conversations/t");
  await ask("api/conversations/t/messages");
  expect(caches.answers.size).toBe(0);
});

it("forgets a chat that is deleted, and the lists that name it", async () => {
  const { caches, ask } = world();
  for (const path of ["api/conversations?limit=50", "api/conversations/a", "api/conversations/a/messages", "api/conversations/b/messages"]) await ask(path);
  await ask("api/conversations/a", { method: "DELETE" });
  expect([...caches.answers.keys()].map((url) => new URL(url).pathname)).toEqual(["/base/api/conversations/b/messages"]);
});

it("keeps the latest", async () => {
  const { caches, ask } = world();
  for (let index = 0; index < 70; index += 1) await ask(`api/conversations/c${index}/messages`);
  expect(caches.answers.size).toBe(60);
  expect([...caches.answers.keys()].at(-1)).toContain("c69");
});

it("is a plain fetch without a cache", async () => {
  const { fetch } = openKept(async () => Response.json(1), undefined, () => null, "http://page.test/");
  expect(await (await fetch("api/conversations")).json()).toBe(1);
});

it("keeps what the page has from the live stream, but not of temporary chats", async () => {
  const { server, ask, keep } = world();
  server.bodies.set("api/conversations/t", { id: "t", temporary: true });
  await ask("api/conversations/t");
  await keep("api/conversations/t/messages?limit=50", { data: ["secret"] });
  await keep("api/conversations/a/messages?limit=50", { data: ["lately"] });
  await keep("api/search?q=x", { data: [] });
  server.up = false;
  expect(await ask("api/conversations/a/messages?limit=50")).toEqual({ data: ["lately"] });
  for (const path of ["api/conversations/t/messages?limit=50", "api/search?q=x"]) await expect(ask(path)).rejects.toThrow("failed to fetch");
});
