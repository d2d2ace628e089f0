/**
 * What a server of ours reaches over HTTP, on one port: a model with OpenAI's API whose answers are scripted, a search
 * engine that speaks as SearXNG does, and the pages that it finds.
 */

import { createServer } from "node:http";

/**
 * Starts on a free port. `script(body)` returns what the model says to a request: `content`, `reasoning` and `call`
 * (name and arguments of a tool); `until` is a promise for which all but the beginning of the content waits. `pages` are HTML by path; every search finds all of them.
 */
export async function startUpstream(script, pages = {}) {
  const upstream = {
    asked: [], // bodies of requests to the model
    queries: [],
    host: "",
    url: "",
    close: () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))),
  };
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://upstream");
    if (pathname === "/v1/models") return json(response, { data: [{ id: "scripted" }] });
    if (pathname === "/v1/chat/completions") {
      const body = JSON.parse(await text(request));
      upstream.asked.push(body);
      return await answer(response, await script(body));
    }
    if (pathname === "/search") {
      upstream.queries.push(searchParams.get("q"));
      const results = Object.keys(pages).map((path) => ({ title: path.slice(1), url: `${upstream.url}${path}`, content: "" }));
      return json(response, { results, unresponsive_engines: [] });
    }
    const page = pages[pathname];
    return response.writeHead(page ? 200 : 404, { "content-type": "text/html; charset=utf-8" }).end(page ?? "not here");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  upstream.host = `127.0.0.1:${server.address().port}`;
  upstream.url = `http://${upstream.host}`;
  return upstream;
}

async function answer(response, { content = "", reasoning = "", call = null, until = null }) {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const send = (delta, finish_reason = null) => response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason }] })}\n\n`);
  for (const piece of reasoning.match(/[\s\S]{1,8}/g) ?? []) send({ reasoning_content: piece });
  for (const [index, piece] of (content.match(/[\s\S]{1,8}/g) ?? []).entries()) {
    if (index === 2) await until;
    send({ content: piece });
  }
  if (call) send({ tool_calls: [{ index: 0, id: "c1", type: "function", function: { name: call.name, arguments: JSON.stringify(call.arguments) } }] });
  send({}, call ? "tool_calls" : "stop");
  response.end("data: [DONE]\n\n");
}

function json(response, body) {
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
}

async function text(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
