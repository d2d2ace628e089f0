/** The page as an app: it opens without its server, keeps what was opened lately, and says when there is a newer one. */

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { launch, openPage } from "./browser.mjs";
import { STATIC } from "./mock.mjs";

const BASE = "/apps/fathom/"; // the page may be served below any path
const HEADERS = JSON.parse(await readFile(new URL("headers.json", import.meta.url), "utf8"));
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".png": "image/png", ".webmanifest": "application/manifest+json" };

let browser;

before(async () => {
  browser = await launch();
});
after(async () => {
  await browser?.close();
  for (const server of servers) await server.stop();
});
const servers = [];

/** A server that can go away and come back at the same address, with other files. */
async function startServer() {
  const state = { changed: new Map(), url: "", stop: null, start: null, port: 0 };
  const handle = async (request, response) => {
    const { pathname } = new URL(request.url, "http://x");
    const path = pathname.startsWith(BASE) ? pathname.slice(BASE.length) || "index.html" : null;
    if (path === null) return response.writeHead(404).end();
    if (path === "health") return json(response, { status: "ready", model: "mock", capabilities: { thinking: true } });
    if (path.startsWith("api/")) return json(response, { data: [], next: null });
    const body = state.changed.get(path) ?? (await readFile(join(STATIC, path)).catch(() => null));
    if (body === null) return response.writeHead(404).end();
    const own = HEADERS.frames[path] ?? { "content-security-policy": HEADERS.page };
    const caching = path.startsWith("assets/") ? "public, max-age=31536000, immutable" : "no-cache";
    return response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "application/octet-stream", "cache-control": caching, vary: "Origin", ...own }).end(body);
  };
  let server;
  state.start = async () => {
    server = createServer((request, response) => void handle(request, response));
    await new Promise((resolve) => server.listen(state.port, "127.0.0.1", resolve));
    state.port = server.address().port;
    state.url = `http://127.0.0.1:${state.port}${BASE}`;
  };
  state.stop = () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve)));
  await state.start();
  servers.push(state);
  return state;
}

function json(response, body) {
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
}

/** Whether the worker of this page is at work and has all that it keeps. */
const ready = (page) =>
  page.waitForFunction(async () => {
    const { active } = await navigator.serviceWorker.ready;
    return active.state === "activated" && navigator.serviceWorker.controller !== null;
  });

describe("the installed page", () => {
  it("opens without its server, below any path", { timeout: 30_000 }, async () => {
    const server = await startServer();
    const { context, page, complaints } = await openPage(browser, server.url);
    await ready(page);
    await server.stop();
    await page.reload();
    await page.locator("textarea").first().waitFor();
    await page.getByText("Fathom is not reachable.").first().waitFor();
    const own = await page.evaluate(async () => (await navigator.serviceWorker.getRegistration()).scope);
    assert.equal(own, server.url);
    assert.deepEqual(complaints, []);
    await server.start();
    await page.locator(".model.ready").waitFor();
    await server.stop();
    await context.close();
  });

  it("is never older than its server, and says so when a newer one comes while it is open", { timeout: 30_000 }, async () => {
    const server = await startServer();
    const { context, page } = await openPage(browser, server.url);
    await ready(page);
    const worker = await readFile(join(STATIC, "worker.js"), "utf8");
    const html = await readFile(join(STATIC, "index.html"), "utf8");
    server.changed.set("worker.js", worker.replace(/VERSION = "\w+"/, 'VERSION = "next"'));
    server.changed.set("index.html", html.replace("<title>Fathom</title>", "<title>Fathom</title><meta name=next>"));
    await page.evaluate(async () => (await navigator.serviceWorker.getRegistration()).update());
    await page.locator(".toast").getByText("A new version of this page is there.").waitFor();
    await page.getByRole("button", { name: "Reload" }).click();
    await page.locator("meta[name=next]").waitFor({ state: "attached" });
    await server.stop();
    await page.reload(); // and the newer one is what is kept
    await page.locator("meta[name=next]").waitFor({ state: "attached" });
    await context.close();
  });

  it("has a manifest that a browser can install", { timeout: 30_000 }, async () => {
    const server = await startServer();
    const { context, page } = await openPage(browser, server.url);
    await ready(page);
    const session = await context.newCDPSession(page);
    const { errors, url, data } = await session.send("Page.getAppManifest");
    assert.deepEqual(errors, []);
    assert.equal(url, `${server.url}app.webmanifest`);
    assert.equal(new URL(JSON.parse(data).start_url, url).href, server.url);
    const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
    assert.deepEqual(installabilityErrors.filter(({ errorId }) => errorId !== "in-incognito"), []); // as every test is
    await server.stop();
    await context.close();
  });

  it("keeps no answer of the API in its worker", { timeout: 30_000 }, async () => {
    const server = await startServer();
    const { context, page } = await openPage(browser, server.url);
    await ready(page);
    await page.evaluate(() => Promise.all(["api/conversations", "health", "v1/models"].map((path) => fetch(path))));
    const kept = await page.evaluate(async () => {
      const names = (await caches.keys()).filter((name) => name.startsWith("fathom-page"));
      return (await Promise.all(names.map(async (name) => (await (await caches.open(name)).keys()).map(({ url }) => url)))).flat();
    });
    assert.ok(kept.includes(server.url));
    assert.deepEqual(kept.filter((url) => /\/(?:api|v1|health)/.test(url)), []);
    await server.stop();
    await context.close();
  });
});
