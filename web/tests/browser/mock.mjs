/**
 * A server that behaves as Fathom's does, with scripted answers: the page's tests choose one by what they ask.
 * It sends the strict content security policy, so that a violation shows as an error in the browser.
 */

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { Assistant } from "./assistant.mjs";

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

/**
 * Starts on a free port. `script(request)` returns the events of an answer, or {status, body} to refuse. What the mock
 * has beside its own: `assistant`, with chats, runs and what the model was asked.
 */
export async function startMock(script) {
  const assistant = new Assistant(script);
  const mock = {
    assistant,
    health: { status: "ready", model: "mock-135m", progress: 1, capabilities: { thinking: true, tools: false } },
    key: null, // the API key it asks for
    away: false, // whether it answers nothing, as a server that is down
    requests: assistant.requests,
    url: "",
    close: () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))),
    /** As it was at the start: no chats, a model that is ready. */
    reset() {
      mock.assistant = new Assistant(script);
      mock.requests = mock.assistant.requests;
      mock.health = { status: "ready", model: "mock-135m", progress: null, capabilities: { thinking: true, tools: false } };
      mock.key = null;
      mock.away = false;
    },
  };
  const server = createServer((request, response) => {
    handle(mock, request, response).catch((error) => response.headersSent ? response.end() : response.writeHead(500).end(String(error.stack)));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  mock.url = `http://127.0.0.1:${server.address().port}/`;
  return mock;
}

async function handle(mock, request, response) {
  const url = new URL(request.url, "http://mock");
  const { pathname } = url;
  const api = pathname.startsWith("/api/");
  mock.assistant.ready = mock.health.status !== "loading";
  mock.assistant.broken = mock.health.status === "failed" ? mock.health.error : null;
  if (mock.away && (api || pathname === "/health")) return request.socket.destroy();
  if (pathname === "/health") return json(response, mock.health.status === "ready" ? 200 : 503, mock.health);
  if (!api) return file(pathname === "/" ? "/index.html" : pathname, response);
  if (mock.key && request.headers.authorization !== `Bearer ${mock.key}`) return json(response, 401, UNAUTHORIZED);
  if (pathname === "/api/live") return live(mock.assistant, url.searchParams, response);
  const raw = await text(request);
  const body = request.headers["content-type"] === "application/json" && raw ? JSON.parse(raw) : null;
  const path = pathname.slice(5).split("/").map(decodeURIComponent);
  const result = mock.assistant.handle(request.method, path, url.searchParams, body, raw, request.headers["idempotency-key"] ?? null);
  if (result.file) return response.writeHead(200, { "content-disposition": `attachment; filename="${result.file}"` }).end(result.text);
  return result.json === undefined ? response.writeHead(result.status).end() : json(response, result.status ?? 200, result.json, mock.assistant.clock());
}

const UNAUTHORIZED = { error: { message: "the API key is missing or wrong; send it as 'Authorization: Bearer KEY'" } };

function live(assistant, query, response) {
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store" });
  const stream = {
    write: (name, data) => response.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`),
    end: () => response.end(),
  };
  response.on("close", () => assistant.streams.delete(stream));
  assistant.live(query, stream);
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The events of an answer, `size` characters at a time. `hold`: how many pieces to send before it waits for `until`. */
export async function* stream({ thinking = "", answer = "", size = 6, pace = 1, finish = "stop", hold = null, usage = {} }) {
  let tokens = 0;
  for (const [kind, whole] of [["thinking", thinking], ["answer", answer]]) {
    for (const piece of whole.match(new RegExp(`[\\s\\S]{1,${size}}`, "g")) ?? []) {
      if (hold && tokens === hold.after) await hold.until;
      tokens += 1;
      yield { kind, text: piece };
      if (pace) await pause(pace);
    }
  }
  const counts = { prompt_tokens: 12, completion_tokens: tokens, completion_tokens_details: { reasoning_tokens: thinking ? 3 : 0 }, tokens_per_second: 9.5 };
  yield { done: { finish_reason: finish, usage: { ...counts, ...usage } } };
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

function json(response, status, body, now = Date.now()) {
  response.writeHead(status, { "content-type": "application/json", date: new Date(now).toUTCString() }).end(JSON.stringify(body));
}

async function text(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
