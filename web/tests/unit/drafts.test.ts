import { expect, it } from "vitest";
import type { FilePart } from "../../src/api/assistant/types";
import { Drafts } from "../../src/state/drafts";
import { MemoryStorage } from "../../src/state/memory";

const file: FilePart = { type: "file", file: "f", name: "a.txt", media_type: "text/plain", bytes: 3, tokens: 1, state: "ready" };

it("keeps a draft a chat, with files and options, over a reload", () => {
  const storage = new MemoryStorage();
  const drafts = new Drafts(storage);
  drafts.change("a", { text: "of a", files: [file], options: { model: "m", thinking: "low" }, second: "n" });
  drafts.change(null, { text: "of none", making: { temporary: true } });
  expect(drafts.of("b").value.text).toBe("");
  drafts.save();
  const reloaded = new Drafts(storage);
  expect(reloaded.of("a").value).toEqual({ text: "of a", files: [file], options: { model: "m", thinking: "low" }, second: "n", making: {} });
  expect(reloaded.of(null).value).toMatchObject({ text: "of none", making: { temporary: true } });
  reloaded.clear("a");
  expect(storage.length).toBe(1);
});

it("takes what another tab wrote, but not over what is being written", () => {
  const storage = new MemoryStorage();
  const [one, other] = [new Drafts(storage), new Drafts(storage)];
  expect(other.of("a").value.text).toBe("");
  one.change("a", { text: "x" });
  one.save();
  other.onStorage("fathom:draft:a");
  expect(other.of("a").value.text).toBe("x");
  other.change("a", { text: "mine" });
  other.onStorage("fathom:draft:a");
  expect(other.of("a").value.text).toBe("mine");
});

it.each(["{", "[]", '{"text": 3, "files": [{}, 4], "options": []}'])("reads %j as no draft", (text) => {
  const storage = new MemoryStorage();
  storage.setItem("fathom:draft:a", text);
  expect(new Drafts(storage).of("a").value).toEqual({ text: "", files: [], options: {}, second: null, making: {} });
});
