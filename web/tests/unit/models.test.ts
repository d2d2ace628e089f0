import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Client } from "../../src/api/assistant/client";
import type { ModelRow } from "../../src/api/assistant/models";
import { isRepository, isUsable, Models, search } from "../../src/state/models";

const row = (id: string, fields: Partial<ModelRow> = {}) => ({ id, kind: "local", state: "available", licence: "mit", purpose: "", languages: "", served: false, ...fields }) as ModelRow;

/** A client whose list of models is the next of these. */
function client(...lists: (readonly ModelRow[] | Error)[]) {
  const json = vi.fn(() => {
    const next = lists.length > 1 ? lists.shift() : lists[0];
    return next instanceof Error ? Promise.reject(next) : Promise.resolve({ data: next });
  });
  return { json } as unknown as Client & { json: typeof json };
}

describe("Models", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("finds by id, and the served one where none is named", async () => {
    const models = new Models(client([row("a"), row("b", { served: true })]));
    expect(models.find("a")).toBeNull();
    await models.refresh();
    expect(models.find("a")?.id).toBe("a");
    expect(models.find(undefined)?.id).toBe("b");
  });

  it("asks again while one moves and somebody watches", async () => {
    const asked = client([row("a", { state: "downloading" })], [row("a")]);
    const models = new Models(asked);
    const stop = models.watch();
    await vi.advanceTimersByTimeAsync(1000);
    expect(asked.json).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked.json).toHaveBeenCalledTimes(2); // nothing moves any more
    stop();
  });

  it("stops asking when nobody watches", async () => {
    const asked = client([row("a", { state: "loading" })]);
    const models = new Models(asked);
    models.watch()();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked.json).toHaveBeenCalledTimes(1);
  });

  it("keeps what it knows when the server is away, and asks again", async () => {
    const asked = client([row("a")], new Error("away"), [row("b")]);
    const models = new Models(asked);
    await models.refresh();
    const stop = models.watch();
    await vi.advanceTimersByTimeAsync(0);
    expect(models.problem.value).toBeInstanceOf(Error);
    expect(models.find("a")).not.toBeNull();
    await vi.advanceTimersByTimeAsync(1000);
    expect(models.problem.value).toBeNull();
    expect(models.find("b")).not.toBeNull();
    stop();
  });
});

describe("search", () => {
  const rows = [row("qwen3-0.6b", { purpose: "thinks if asked to" }), row("smollm2", { licence: "apache-2.0", languages: "English" })];

  it.each([
    ["", ["qwen3-0.6b", "smollm2"]],
    ["QWEN asked", ["qwen3-0.6b"]],
    ["apache english", ["smollm2"]],
    ["qwen english", []],
  ])("%j", (text, ids) => {
    expect(search(rows, text).map(({ id }) => id)).toEqual(ids);
  });
});

it("knows what can be asked now", () => {
  expect(isUsable(row("a"))).toBe(true);
  expect(isUsable(row("a", { kind: "upstream", state: "ready" }))).toBe(true);
  expect(isUsable(row("a", { kind: "recommended", state: "downloading" }))).toBe(false);
  expect(isUsable(row("a", { state: "failed" }))).toBe(false);
});

it("knows a repository from a word", () => {
  expect(["org/model", "org/model:Q4_K_M"].every(isRepository)).toBe(true);
  expect(["model", "a/b/c", "../x", "org/", "org/mo del"].some(isRepository)).toBe(false);
});
