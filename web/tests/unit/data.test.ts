import { describe, expect, it } from "vitest";
import { importFile } from "../../src/api/assistant/imports";
import { Client } from "../../src/api/assistant/client";
import { attachmentName } from "../../src/components/data/saveFile";
import { fill } from "../../src/components/data/variables";

const keys = { key: { value: null, peek: () => null }, another: () => Promise.reject(new Error("no key")) };
const report = { conversations: 2, messages: 5, extended: 0, known: 1, skipped: [], skipped_count: 0 };

function server(text: string, chunk = 7) {
  const bytes = new TextEncoder().encode(text);
  const body = new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += chunk) controller.enqueue(bytes.slice(at, at + chunk));
      controller.close();
    },
  });
  return new Client(() => Promise.resolve(new Response(body, { headers: { "content-type": "application/x-ndjson" } })), keys);
}

describe("an import", () => {
  it("tells how far it is, then what it did", async () => {
    const seen: number[] = [];
    const text = `{"progress":{"done":1}}\n{"progress":{"done":3}}\n${JSON.stringify({ report })}\n`;
    expect(await importFile(server(text), new Blob(["x"]), (done) => seen.push(done))).toEqual({ report, error: null });
    expect(seen).toEqual([1, 3]);
  });

  it("keeps what was imported before an error", async () => {
    const text = JSON.stringify({ error: { message: "the disk is full; free some" }, report });
    expect(await importFile(server(text), new Blob(), () => undefined)).toEqual({ report, error: "the disk is full; free some" });
  });

  it("fails where the connection breaks", async () => {
    await expect(importFile(server('{"progress":{"done":1}}\n'), new Blob(), () => undefined)).rejects.toThrow();
  });
});

it.each([
  ["attachment; filename*=UTF-8''Fl%C3%BCsse.md", "Flüsse.md"],
  ["attachment", null],
  ["attachment; filename*=UTF-8''%E0%A4%A", null],
  [null, null],
])("reads the name in %j", (header, name) => {
  expect(attachmentName(header)).toBe(name);
});

it("fills in variables", () => {
  const values: Record<string, string> = { topic: "$& rivers", "first name": "Ada", 数: "3" };
  expect(fill("{{topic}} for {{ first name }}: {{数}}, {a} {{}}", (name) => values[name] ?? "?")).toBe("$& rivers for Ada: 3, {a} {{}}");
});
