import { describe, expect, it } from "vitest";
import { readEvents, SseParser, type SseEvent } from "../../src/api/sse";

const STREAM =
  '\uFEFF: keep-alive\n\ndata: {"a":1}\n\nevent: note\r\ndata:two\r\ndata: lines\r\n\r\n: keep-alive\r\rdata: é 😀\n\nid: 7\nretry: 9\n\ndata: [DONE]\n\n';

const EVENTS: SseEvent[] = [
  { event: "message", data: '{"a":1}' },
  { event: "note", data: "two\nlines" },
  { event: "message", data: "é 😀" },
  { event: "message", data: "[DONE]" },
];

function parse(...chunks: string[]): SseEvent[] {
  const parser = new SseParser();
  return chunks.flatMap((chunk) => parser.push(chunk));
}

describe("SseParser", () => {
  it("reads a whole stream", () => {
    expect(parse(STREAM)).toEqual(EVENTS);
  });

  it("reads it cut at any one place", () => {
    for (let at = 0; at <= STREAM.length; at += 1) {
      expect(parse(STREAM.slice(0, at), STREAM.slice(at)), `cut at ${at}`).toEqual(EVENTS);
    }
  });

  it("reads it cut at any two places", () => {
    for (let first = 0; first <= STREAM.length; first += 1) {
      for (let second = first; second <= STREAM.length; second += 3) {
        expect(parse(STREAM.slice(0, first), STREAM.slice(first, second), STREAM.slice(second))).toEqual(EVENTS);
      }
    }
  });

  it("reads it one character at a time", () => {
    expect(parse(...STREAM)).toEqual(EVENTS);
  });

  it("keeps an event that is not complete to itself", () => {
    expect(parse("data: half\n")).toEqual([]);
  });

  it("takes the three line ends for one each", () => {
    expect(parse("data: a\r\n\r\ndata: b\r\rdata: c\n\n").map(({ data }) => data)).toEqual(["a", "b", "c"]);
  });

  it("knows fields without a value and without a space", () => {
    expect(parse("data\n\ndata:\n\ndata:  x\n\n").map(({ data }) => data)).toEqual(["", "", " x"]);
  });
});

describe("readEvents", () => {
  it("decodes characters that the network cuts in two, at every byte", async () => {
    const bytes = new TextEncoder().encode("data: é 😀 漢\n\n");
    for (let at = 0; at <= bytes.length; at += 1) {
      const cut = streamOf(bytes.slice(0, at), bytes.slice(at));
      const events: SseEvent[] = [];
      for await (const event of readEvents(cut)) events.push(event);
      expect(events).toEqual([{ event: "message", data: "é 😀 漢" }]);
    }
  });

  it("cancels the body when the reader stops early", async () => {
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode("data: 1\n\n")),
      cancel: () => {
        cancelled = true;
      },
    });
    for await (const event of readEvents(body)) {
      expect(event.data).toBe("1");
      break;
    }
    expect(cancelled).toBe(true);
  });
});

function streamOf(...chunks: Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}
