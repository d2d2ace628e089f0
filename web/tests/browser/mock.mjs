/**
 * A server that behaves as Fathom's does, with scripted answers: the page's tests choose one by what they ask.
 * It sends the strict content security policy, so that a violation shows as an error in the browser.
 */

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

export const STATIC = fileURLToPath(new URL("../../../src/fathom/server/static/", import.meta.url));

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
  ".json": "application/json",
};

/** The server's own, word for word: tests/unit/server/test_frames.py compares. */
const HEADERS = JSON.parse(await readFile(new URL("headers.json", import.meta.url), "utf8"));

/** Starts on a free port. `script(body)` returns the events of an answer, or {status, body} to refuse. */
export async function startMock(script) {
  const mock = {
    health: { status: "ready", model: "mock-135m", progress: 1, capabilities: { thinking: true, tools: false } },
    key: null, // the API key it asks for
    title: "", // what the model calls a chat
    requests: [],
    closed: 0, // answers whose reader went away before the end
    url: "",
    close: () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))),
  };
  const server = createServer((request, response) => {
    handle(mock, script, request, response).catch((error) => response.writeHead(500).end(String(error)));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  mock.url = `http://127.0.0.1:${server.address().port}/`;
  return mock;
}

async function handle(mock, script, request, response) {
  const { pathname } = new URL(request.url, "http://mock");
  if (pathname === "/health") return json(response, mock.health.status === "ready" ? 200 : 503, mock.health);
  if (pathname === "/v1/chat/completions") return answer(mock, script, request, response);
  return file(pathname === "/" ? "/index.html" : pathname, response);
}

const UNAUTHORIZED = { error: { message: "the API key is missing or wrong; send it as 'Authorization: Bearer KEY'" } };

async function answer(mock, script, request, response) {
  const body = JSON.parse(await text(request));
  if (mock.key && request.headers.authorization !== `Bearer ${mock.key}`) return json(response, 401, UNAUTHORIZED);
  const asksForTitle = body.messages.at(-1).content.startsWith("Write a title for this conversation");
  if (!asksForTitle) mock.requests.push(body);
  const result = asksForTitle ? { events: stream({ answer: mock.title }) } : script(body);
  if ("status" in result) return json(response, result.status, result.body);
  let gone = false;
  response.on("close", () => {
    gone = !response.writableEnded;
    if (gone) mock.closed += 1;
  });
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store" });
  response.write(": keep-alive\n\n");
  for await (const event of result.events) {
    if (gone) return undefined;
    if (event === "break") return response.socket.end(); // in the middle of a chunked body, yet after what was written
    response.write(`data: ${JSON.stringify(event)}\n\n`);
  }
  return response.end("data: [DONE]\n\n");
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The stream of an answer, `size` characters at a time. `hold`: how many pieces to send before it waits for `until`. */
export async function* stream({ thinking = "", answer = "", size = 6, pace = 1, finish = "stop", hold = null, end = "done" }) {
  let tokens = 0;
  for (const [field, whole] of [["reasoning_content", thinking], ["content", answer]]) {
    for (const piece of whole.match(new RegExp(`[\\s\\S]{1,${size}}`, "g")) ?? []) {
      if (hold && tokens === hold.after) await hold.until;
      tokens += 1;
      yield { choices: [{ index: 0, delta: { [field]: piece }, finish_reason: null }] };
      if (pace) await pause(pace);
    }
  }
  if (end === "break") {
    await hold?.until; // a browser drops what it has not read yet when a connection breaks
    return yield "break";
  }
  yield { choices: [{ index: 0, delta: {}, finish_reason: finish }] };
  yield {
    choices: [],
    usage: { prompt_tokens: 12, completion_tokens: tokens, total_tokens: tokens + 12, completion_tokens_details: { reasoning_tokens: 3 } },
  };
}

async function file(pathname, response) {
  try {
    const body = await readFile(join(STATIC, normalize(pathname)));
    const own = HEADERS.frames[pathname.slice(1)] ?? { "content-security-policy": HEADERS.page };
    response.writeHead(200, { "content-type": TYPES[extname(pathname)] ?? "application/octet-stream", "cache-control": "no-cache", ...own });
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
}

function json(response, status, body) {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

async function text(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
