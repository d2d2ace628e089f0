/**
 * Server-sent events as text in, events out. A network may cut the stream anywhere, inside a line end or a character,
 * so the parser keeps what is unfinished and never looks ahead. Browsers' own EventSource cannot send a POST.
 *
 * Format: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */

export interface SseEvent {
  readonly event: string; // "message" unless the stream names it
  readonly data: string;
}

export class SseParser {
  private rest = ""; // an unfinished line
  private data: string[] = [];
  private event = "";
  private started = false;
  private afterReturn = false; // the last chunk ended in \r: a \n that follows belongs to it

  /** Takes the next piece of text and returns the events that it completes. */
  push(chunk: string): SseEvent[] {
    if (chunk === "") return [];
    let text = chunk;
    if (!this.started) {
      this.started = true;
      if (text.startsWith("\uFEFF")) text = text.slice(1);
    }
    if (this.afterReturn && text.startsWith("\n")) text = text.slice(1);
    this.afterReturn = chunk.endsWith("\r");
    const lines = (this.rest + text).split(/\r\n|\n|\r/);
    this.rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.line(line));
  }

  private line(line: string): SseEvent[] {
    if (line === "") return this.dispatch();
    if (line.startsWith(":")) return []; // a comment: keep-alive while the request is queued
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") this.data.push(value);
    else if (field === "event") this.event = value;
    return [];
  }

  private dispatch(): SseEvent[] {
    const { data, event } = this;
    this.data = [];
    this.event = "";
    return data.length === 0 ? [] : [{ event: event || "message", data: data.join("\n") }];
  }
}

/** The events of a response body, in order. Ends when the body ends; throws what the body throws. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<SseEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parser = new SseParser();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    await reader.cancel().catch(() => undefined); // already failed or closed: nothing is left to cancel
  }
}
