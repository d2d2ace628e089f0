import { describe, expect, it } from "vitest";
import { parseChunk, requestBody, streamChat, type ChatEvent, type ChatRequest, type Fetch } from "../../src/api/chat";
import { ApiError, ConnectionLost } from "../../src/api/errors";

const REQUEST: ChatRequest = {
  messages: [{ role: "user", content: "hi" }],
  thinking: true,
  temperature: 0.5,
  maxTokens: 9,
};

const answering =
  (text: string, status = 200): Fetch =>
  async () =>
    new Response(text, { status });

async function collect(fetch: Fetch, signal = new AbortController().signal): Promise<ChatEvent[]> {
  const events: ChatEvent[] = [];
  for await (const event of streamChat(fetch, REQUEST, signal)) events.push(event);
  return events;
}

describe("requestBody", () => {
  it("asks for a stream with usage", () => {
    expect(requestBody(REQUEST)).toEqual({
      messages: [{ role: "user", content: "hi" }],
      stream: true,
      stream_options: { include_usage: true },
      thinking: { type: "enabled" },
      temperature: 0.5,
      max_tokens: 9,
    });
  });

  it("leaves out what the reader leaves to the model", () => {
    const body = requestBody({ ...REQUEST, thinking: null, temperature: null, maxTokens: null });
    expect(Object.keys(body)).toEqual(["messages", "stream", "stream_options"]);
  });
});

describe("parseChunk", () => {
  it("tells thinking from answer", () => {
    expect(parseChunk('{"choices":[{"delta":{"reasoning_content":"hm","content":null}}]}')).toEqual([{ type: "thinking", text: "hm" }]);
    expect(parseChunk('{"choices":[{"delta":{"content":"yes"},"finish_reason":"stop"}]}')).toEqual([
      { type: "answer", text: "yes" },
      { type: "finish", reason: "stop" },
    ]);
  });

  it("reads usage", () => {
    const usage = '{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":5,"completion_tokens_details":{"reasoning_tokens":2}}}';
    expect(parseChunk(usage)).toEqual([{ type: "usage", usage: { promptTokens: 3, completionTokens: 5, reasoningTokens: 2 } }]);
  });

  it("passes over what it does not know", () => {
    for (const text of ["null", "3", "[]", "{}", '{"choices":[]}', '{"choices":[{"delta":{"content":5}}]}', '{"usage":null}']) {
      expect(parseChunk(text)).toEqual([]);
    }
  });

  it("throws an error that comes in mid-stream", () => {
    expect(() => parseChunk('{"error":{"message":"out of pages"}}')).toThrow(new ApiError("out of pages", 500));
  });

  it("throws where the line is not JSON", () => {
    expect(() => parseChunk("<html>")).toThrow("not JSON");
  });
});

describe("streamChat", () => {
  const piece = 'data: {"choices":[{"delta":{"content":"a"}}]}\n\n';
  const finish = 'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n';

  it("yields events until [DONE]", async () => {
    const events = await collect(answering(`: keep-alive\n\n${piece}${finish}data: [DONE]\n\ndata: never read\n\n`));
    expect(events).toEqual([
      { type: "answer", text: "a" },
      { type: "finish", reason: "stop" },
    ]);
  });

  it("does without [DONE] where the answer has finished", async () => {
    expect(await collect(answering(piece + finish))).toHaveLength(2);
  });

  it("throws where the connection closes in the middle", async () => {
    await expect(collect(answering(piece))).rejects.toThrow(ConnectionLost);
  });

  it("throws the server's own words", async () => {
    await expect(collect(answering('{"error":{"message":"too long"}}', 400))).rejects.toThrow(new ApiError("too long", 400));
    await expect(collect(answering("<html>", 502))).rejects.toThrow("the server answered with status 502");
  });

  it("throws where nobody answers", async () => {
    const fetch: Fetch = () => Promise.reject(new TypeError("Failed to fetch"));
    await expect(collect(fetch)).rejects.toThrow("the server cannot be reached");
  });

  it("throws the caller's own reason when the caller stops", async () => {
    const abort = new AbortController();
    const fetch: Fetch = (_, init) => new Promise((_resolve, reject) => init?.signal?.addEventListener("abort", () => reject(init.signal?.reason)));
    const events = collect(fetch, abort.signal);
    abort.abort(new Error("enough"));
    await expect(events).rejects.toThrow("enough");
  });
});
