import { describe, expect, it } from "vitest";
import { listMessages } from "../../src/api/assistant/messages";
import type { Conversation, Failure, Message } from "../../src/api/assistant/types";
import { hasArrived, isAnswered, Outbox, type Outgoing } from "../../src/state/outbox";
import { until, World } from "./world";

function opened(world = new World()) {
  const created: Conversation[] = [];
  const seconds: Message[] = [];
  const refused: Failure[] = [];
  const outbox = new Outbox({
    client: world.client,
    storage: world.storage,
    end: async (chat) => {
      const last = (await listMessages(world.client, chat, 1, null)).data.at(-1) ?? null;
      return { last, moving: isAnswered(last) };
    },
    onCreated: (row) => void created.push(row),
    onSent: () => undefined,
    onSecond: (_, message) => void seconds.push(message),
    onRefused: (problem) => void refused.push(problem),
    wait: () => new Promise((resolve) => setTimeout(resolve, 1)),
  });
  return { world, outbox, created, seconds, refused };
}

const question = { text: "Why?", files: [], options: {} };
const asked = (world: World) => [...world.assistant["messages"].values()].filter(({ role }: { role: string }) => role === "user");

describe("a question", () => {
  it("makes its chat and is sent", async () => {
    const { world, outbox, created } = opened();
    outbox.add(null, { ...question, options: { thinking: "low" } });
    await until(() => asked(world).length === 1);
    expect(created[0]?.settings).toEqual({ thinking: "low" });
    await until(() => outbox.of(created[0]?.id ?? "").value.length === 0);
    expect(outbox.of(null).value).toEqual([]);
    expect(world.storage.length).toBe(0);
  });

  it("waits while the server is away, also over a reload", async () => {
    const { world, outbox } = opened();
    const row = world.assistant["seed"]({});
    world.away = true;
    outbox.add(row.id, question);
    await until(() => outbox.of(row.id).value[0]?.problem !== null);
    world.away = false;
    const reloaded = opened(world).outbox;
    expect(reloaded.of(row.id).value[0]?.text).toBe("Why?");
    await reloaded.pump(row.id);
    await until(() => asked(world).length === 1);
  });

  it("is sent at the next start where the page was closed after its chat was made", async () => {
    const world = new World();
    const [row, other] = [world.assistant["seed"]({}), world.assistant["seed"]({})];
    const item = { ...question, id: "1", parent: null, state: "queued", problem: null, at: 1 };
    world.storage.setItem(`fathom:outbox:${row.id}`, JSON.stringify([item]));
    world.storage.setItem(`fathom:outbox:${other.id}`, JSON.stringify([{ ...item, text: "How?" }]));
    world.storage.setItem("fathom:draft:new", "{}");
    opened(world).outbox.pumpAll();
    await until(() => world.storage.length === 1);
    expect(asked(world).map(({ conversation }) => conversation)).toEqual([row.id, other.id]);
  });

  it("is asked in one chat where the page was closed before it knew that the chat was made", async () => {
    const { world, outbox } = opened();
    world.deaf = true;
    outbox.add(null, question);
    await until(() => world.assistant["rows"].size === 1);
    const closed = new World();
    Object.assign(closed, { assistant: world.assistant });
    closed.storage.setItem("fathom:outbox:new", world.storage.getItem("fathom:outbox:new") ?? "");
    const { outbox: returned, created } = opened(closed);
    returned.pumpAll();
    await until(() => created.length === 1 && returned.of(created[0]?.id ?? "").value.length === 0);
    expect(world.assistant["rows"].size).toBe(1);
    expect(asked(closed).length).toBe(1);
    world.storage.clear(); // the first page tries no more
  });

  it("is not sent twice where only the acknowledgement was lost", async () => {
    const { world, outbox } = opened();
    const row = world.assistant["seed"]({});
    const handle = world.assistant["handle"].bind(world.assistant);
    world.assistant["handle"] = (method: string, path: string[], ...rest: unknown[]) => {
      world.deaf = method === "POST" && path[2] === "messages";
      return handle(method, path, ...rest);
    };
    outbox.add(row.id, question);
    await until(() => outbox.of(row.id).value.length === 0);
    expect(asked(world).length).toBe(1);
  });

  it("carries the same key every time, and each question its own", async () => {
    const { world, outbox } = opened();
    const row = world.assistant["seed"]({});
    world.deaf = true;
    outbox.add(row.id, question);
    await until(() => world.keys.length >= 2 || outbox.of(row.id).value[0]?.problem !== null);
    world.deaf = false;
    await until(() => outbox.of(row.id).value.length === 0);
    outbox.add(row.id, { ...question, parent: null, text: "And?" });
    await until(() => outbox.of(row.id).value.length === 0);
    expect(new Set(world.keys).size).toBe(2);
    for (const key of world.keys) expect(key).toMatch(/^[0-9a-f]{32}$/);
  });

  it("waits for the end of an answer, in order, and can be taken back", async () => {
    const { world, outbox } = opened();
    const row = world.assistant["seed"]({ turns: [["q", "a"]] });
    const last = world.assistant["messages"].get(row.head);
    last.state = "streaming";
    for (const text of ["one", "two", "three"]) outbox.add(row.id, { ...question, text });
    await until(() => world.calls.some((call) => call.startsWith("GET")));
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(outbox.of(row.id).value.map(({ state }) => state)).toEqual(["queued", "queued", "queued"]);
    const [, second] = outbox.of(row.id).value;
    expect(outbox.take(row.id, second?.id ?? "")?.text).toBe("two");
    last.state = "done";
    await outbox.pump(row.id);
    await until(() => asked(world).length >= 2);
    await until(() => !isAnswered(world.assistant["messages"].get(row.head)));
    await outbox.pump(row.id);
    await until(() => outbox.of(row.id).value.length === 0);
    expect(asked(world).map(({ parts }) => parts[0].text)).toEqual(["q", "one", "three"]);
  });

  it("is answered by two models, also where the acknowledgement of the second was lost", async () => {
    const { world, outbox, created, seconds } = opened();
    const models = () => [...world.assistant["runs"].values()].map(({ options }: { options: { model?: string } }) => options.model);
    outbox.add(null, { ...question, second: "other" });
    await until(() => seconds.length === 1);
    expect(seconds[0]?.siblings.length).toBe(2);
    expect(models()).toEqual([undefined, "other"]);
    const row = created[0]?.id ?? "";
    const asked = seconds[0]?.parent ?? "";
    expect(outbox.of(row).value).toEqual([]);
    world.storage.setItem(`fathom:outbox:${row}`, JSON.stringify([{ ...question, id: "9", second: "other", asked, state: "sending", problem: null, at: 1 }]));
    opened(world).outbox.pumpAll();
    await until(() => world.storage.length === 0);
    expect(models().length).toBe(2);
  });

  it("keeps its first answer where the second model is refused", async () => {
    const { world, outbox, refused } = opened();
    const row = world.assistant["seed"]({});
    const handle = world.assistant["handle"].bind(world.assistant);
    world.assistant["handle"] = (method: string, path: string[], ...rest: unknown[]) =>
      method === "POST" && path[2] === "runs" ? { status: 404, json: { error: { message: "there is no such model" } } } : handle(method, path, ...rest);
    outbox.add(row.id, { ...question, second: "gone" });
    await until(() => refused.length === 1);
    expect(refused[0]?.message).toBe("there is no such model");
    expect(outbox.of(row.id).value).toEqual([]);
    expect(asked(world).length).toBe(1);
  });

  it("that the server refuses stays, with the reason", async () => {
    const { outbox } = opened();
    outbox.add("none", question);
    await until(() => outbox.of("none").value[0]?.state === "failed");
    expect(outbox.of("none").value[0]?.problem?.message).toBe("there is no such conversation");
  });

  it("of a damaged record is passed over", () => {
    const world = new World();
    world.storage.setItem("fathom:outbox:a", '[{"id": 3}, null, {"id": "1", "text": "x", "files": [], "options": {}}]');
    world.storage.setItem("fathom:outbox:b", "{");
    const { outbox } = opened(world);
    expect(outbox.of("a").value.map(({ text }) => text)).toEqual(["x"]);
    expect(outbox.of("b").value).toEqual([]);
  });

  it("has arrived once its message is on the path, before the request is answered", async () => {
    const { world, outbox } = opened();
    outbox.add(null, question);
    await until(() => asked(world).length === 1);
    const path = asked(world) as Message[];
    const item: Outgoing = { ...question, id: "1", state: "sending", problem: null, at: path[0]?.created ?? 0 };
    expect(hasArrived(item, path)).toBe(true);
    expect(hasArrived({ ...item, text: "How?" }, path)).toBe(false);
    expect(hasArrived({ ...item, state: "queued" }, path)).toBe(false);
    expect(hasArrived({ ...item, at: item.at + 60_000 }, path)).toBe(false);
    expect(hasArrived({ ...item, parent: "another" }, path)).toBe(false);
  });
});
