import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FRAME_MS, SAVE_MS, shownStatus, STALE_MS } from "../../src/state/answers";
import { messageKey, readMessage } from "../../src/state/records";
import { openTab, SharedStorage, TestServer } from "./world";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Lets promises and timers run for a while. */
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

async function asked(server = new TestServer(), shared = new SharedStorage()) {
  const tab = openTab(server, shared);
  await tab.model.refresh();
  const { id } = tab.library.create("Why?");
  const [question, answer] = tab.answers.ask(id, null, "Why?");
  const message = tab.library.thread(id).value.find(({ value }) => value.id === answer);
  if (!message) throw new Error("the answer has no message");
  await pass();
  return { ...tab, server, id, question, message, stored: () => readMessage(tab.storage, messageKey(message.value)) };
}

describe("an answer", () => {
  it("streams thinking, then text, with times and counts", async () => {
    const { server, message, clock, stored, answers, id } = await asked();
    expect(answers.active.value.has(id)).toBe(true);
    const [stream] = server.streams;
    stream?.delta({ reasoning_content: "hm" });
    await pass(FRAME_MS);
    expect(message.value).toMatchObject({ status: "streaming", thinking: "hm", text: "", thinkingSince: clock.now(), thinkingMs: null });
    clock.pass(2000);
    stream?.delta({ content: "Because" });
    await pass(FRAME_MS);
    expect(message.value).toMatchObject({ text: "Because", thinkingSince: null, thinkingMs: 2000 });
    clock.pass(1000);
    stream?.delta({ content: "." });
    stream?.finish("stop", 4);
    await pass();
    const end = { status: "done", text: "Because.", finish: "stop", owner: null, tokensPerSecond: 1, model: "m" };
    expect(message.value).toMatchObject(end);
    expect(message.value.usage).toEqual({ promptTokens: 2, completionTokens: 4, reasoningTokens: 0 });
    expect(stored()).toEqual(message.value);
    expect(answers.active.value.has(id)).toBe(false);
  });

  it("is asked for with the conversation, the system prompt and the settings", async () => {
    const { server, answers, settings, message, id } = await asked();
    server.streams[0]?.delta({ content: "Because." });
    server.streams[0]?.finish();
    await pass();
    settings.change({ systemPrompt: "Be brief.", temperature: 0, maxTokens: 7, thinking: false });
    answers.ask(id, message.value.id, "And?");
    await pass();
    expect(server.requests[1]).toEqual({
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "Why?" },
        { role: "assistant", content: "Because." },
        { role: "user", content: "And?" },
      ],
      stream: true,
      stream_options: { include_usage: true },
      thinking: { type: "disabled" },
      temperature: 0,
      max_tokens: 7,
    });
  });

  it("keeps what has come when the reader stops it", async () => {
    const { server, message, answers, id, stored } = await asked();
    server.streams[0]?.delta({ content: "Bec" });
    await pass(1);
    answers.stop(id);
    await pass();
    expect(stored()).toMatchObject({ status: "stopped", text: "Bec", owner: null });
    expect(message.value.error).toBeNull();
  });

  it("is saved while it streams", async () => {
    const { server, stored } = await asked();
    server.streams[0]?.delta({ content: "Bec" });
    await pass(SAVE_MS + FRAME_MS);
    expect(stored()).toMatchObject({ status: "streaming", text: "Bec", owner: "a" });
  });

  it("is saved when the page closes, with the last piece", async () => {
    const { server, answers, stored } = await asked();
    server.streams[0]?.delta({ content: "Bec" });
    await pass(1);
    answers.onPageHide();
    expect(stored()).toMatchObject({ status: "interrupted", text: "Bec" });
  });

  it("is kept when the connection breaks, and says so", async () => {
    const { server, stored } = await asked();
    server.streams[0]?.delta({ content: "Bec" });
    await pass(1);
    server.streams[0]?.close();
    await pass();
    expect(stored()).toMatchObject({
      status: "interrupted",
      text: "Bec",
      error: "the connection closed before the answer was complete",
      remedy: "Check that Fathom is running.",
    });
  });

  it("shows the server's refusal", async () => {
    const server = new TestServer();
    server.refuse = { status: 400, body: { error: { message: "the prompt is too long" } } };
    const { stored } = await asked(server);
    expect(stored()).toMatchObject({ status: "failed", error: "the prompt is too long" });
  });

  it("goes on where it was interrupted", async () => {
    const { server, answers, message } = await asked();
    server.streams[0]?.delta({ content: "Bec" });
    server.streams[0]?.finish("length");
    await pass();
    answers.continue(message);
    await pass();
    expect(server.requests[1]?.["messages"]).toEqual([
      { role: "user", content: "Why?" },
      { role: "assistant", content: "Bec", prefix: true },
    ]);
    server.streams[1]?.delta({ content: "ause." });
    server.streams[1]?.finish();
    await pass();
    expect(message.value).toMatchObject({ status: "done", text: "Because.", finish: "stop" });
  });

  it("stands beside the earlier one when asked for again", async () => {
    const { server, answers, library, id, question } = await asked();
    server.streams[0]?.finish();
    await pass();
    answers.answer(id, question);
    await pass();
    const siblings = library.thread(id).value.filter(({ value }) => value.parent === question);
    expect(siblings).toHaveLength(2);
    expect(server.requests[1]?.["messages"]).toEqual([{ role: "user", content: "Why?" }]);
  });
});

describe("a model that loads", () => {
  it("gets the question once it is ready", async () => {
    const server = new TestServer();
    server.health = { status: "loading", model: null, stage: "reading weights", progress: 0.5 };
    const { message, model } = await asked(server);
    expect(message.value.status).toBe("waiting");
    expect(server.requests).toHaveLength(0);
    server.health = { status: "ready", model: "m" };
    await pass(1000);
    expect(message.value.status).toBe("streaming");
    expect(message.value.model).toBe("m");
    expect(server.requests[0]).not.toHaveProperty("thinking"); // it has no such switch
    model.stop();
  });

  it("gets nothing from a reader who stops waiting", async () => {
    const server = new TestServer();
    server.health = { status: "loading" };
    const { message, answers, id, model } = await asked(server);
    answers.stop(id);
    await pass();
    expect(message.value.status).toBe("stopped");
    server.health = { status: "ready", model: "m" };
    await pass(2000);
    expect(server.requests).toHaveLength(0);
    model.stop();
  });

  it("passes on why it failed", async () => {
    const server = new TestServer();
    server.health = { status: "failed", error: { message: "no such file", remedy: "run `fathom pull`" } };
    const { message, model } = await asked(server);
    expect(message.value).toMatchObject({ status: "failed", error: "no such file", remedy: "run `fathom pull`" });
    model.stop();
  });

  it("counts as unreachable while nobody answers, and comes back", async () => {
    const server = new TestServer();
    let down = true;
    const tab = openTab(server);
    const { ModelMonitor } = await import("../../src/state/model");
    const model = new ModelMonitor((path, init) => (down ? Promise.reject(new TypeError("down")) : server.fetch(path, init)));
    model.start();
    await pass();
    expect(model.state.value.phase).toBe("unreachable");
    down = false;
    await pass(2000);
    expect(model.state.value.phase).toBe("ready");
    model.stop();
    tab.model.stop();
  });
});

it("shows a stream whose tab is gone as interrupted", async () => {
  const { message, clock } = await asked();
  const now = clock.now();
  const streaming = { ...message.value, status: "streaming" as const, owner: "gone", updated: now };
  expect(shownStatus(streaming, "a", now + STALE_MS)).toBe("streaming");
  expect(shownStatus(streaming, "a", now + STALE_MS + 1)).toBe("interrupted");
  expect(shownStatus({ ...streaming, owner: "a" }, "a", now + STALE_MS + 1)).toBe("streaming");
});

describe("the title of a chat", () => {
  const titles = (library: { conversations: { value: readonly { title: string }[] } }) => library.conversations.value.map(({ title }) => title);

  async function named(title: string, change: (tab: Awaited<ReturnType<typeof asked>>) => void = () => undefined) {
    const server = new TestServer();
    server.title = title;
    const tab = await asked(server);
    server.streams[0]?.delta({ content: "Because." });
    change(tab);
    server.streams[0]?.finish();
    await pass();
    return tab;
  }

  it("is the model's own after the first answer, asked for without thinking", async () => {
    const { library, server, settings } = await named("Reasons Why");
    expect(titles(library)).toEqual(["Reasons Why"]);
    expect(settings.current.value.thinking).toBe(true);
    expect(server.titleRequests).toHaveLength(1);
    expect(server.titleRequests[0]).toMatchObject({
      messages: [{ role: "user", content: "Why?" }, { role: "assistant", content: "Because." }, { role: "user" }],
      thinking: { type: "disabled" },
      temperature: 0,
    });
  });

  it.each(["", "Two\nlines", "a very long sentence that goes on and on and on and on and is no title"])("stays the question's words where the model answers %j", async (title) => {
    expect(titles((await named(title)).library)).toEqual(["Why?"]);
  });

  it("stays what the reader has called it", async () => {
    const { library, server } = await named("Reasons", (tab) => tab.library.rename(tab.id, "Mine"));
    expect(titles(library)).toEqual(["Mine"]);
    expect(server.titleRequests).toHaveLength(0);
  });

  it("is asked for once", async () => {
    const { answers, server, id, message } = await named("");
    answers.ask(id, message.value.id, "And?");
    await pass();
    server.streams[1]?.delta({ content: "So." });
    server.streams[1]?.finish();
    await pass();
    expect(server.titleRequests).toHaveLength(1);
  });
});
