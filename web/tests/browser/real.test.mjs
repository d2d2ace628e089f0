/** The page against a real server with a real model, at FATHOM_URL: type, stream, stop, reload. */

import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { ask, launch, openPage } from "./browser.mjs";

const { FATHOM_URL } = process.env;
assert.ok(FATHOM_URL, "set FATHOM_URL to the address of a server");

const PATIENCE = { timeout: 120_000 }; // a small machine loads and reads the prompt in this time

let browser;
let context;
let page;
let complaints;

before(async () => {
  browser = await launch();
  ({ context, page, complaints } = await openPage(browser, FATHOM_URL));
  page.setDefaultTimeout(PATIENCE.timeout);
});
after(async () => {
  await context?.close();
  await browser?.close();
});

const answer = () => page.locator(".answer").last();
const text = () => answer().locator(".prose").last().innerText();
const button = (name) => page.getByRole("button", { name, exact: true });
const health = () => page.evaluate(() => fetch("health").then((response) => response.json()));

/** Waits until the last answer has grown beyond what it was; an earlier answer's text does not count. */
async function grows(length) {
  await page.waitForFunction(
    (before) => {
      const last = [...document.querySelectorAll(".answer")].at(-1);
      return ([...(last?.querySelectorAll(".prose") ?? [])].at(-1)?.textContent?.length ?? 0) > before;
    },
    length,
    PATIENCE,
  );
}

it("takes a message, also while the model loads, and streams the answer", async () => {
  await ask(page, "Write a long story about a lighthouse keeper and the sea.");
  await grows(0);
  await grows((await text()).length);
  assert.equal((await health()).status, "ready");
  assert.notEqual(await page.locator(".model-name").innerText(), "Fathom");
});

it("stops, keeps what has come, and frees the sequence", async () => {
  await button("Stop").click();
  await answer().getByText("Stopped.").waitFor();
  assert.ok((await text()).length > 0);
  await page.waitForFunction(() => fetch("health").then((response) => response.json()).then(({ engine }) => engine.running === 0));
});

it("is there after a reload", async () => {
  const before = await text();
  await page.reload();
  await answer().getByText("Stopped.").waitFor();
  assert.equal(await text(), before);
  assert.match(await page.locator(".bubble").innerText(), /lighthouse keeper/);
});

it("goes on with an answer over a reload, and continues one that was stopped", async () => {
  await ask(page, "Now tell me about the history of lighthouses, at length.");
  await page.locator(".answer").nth(1).waitFor();
  await grows(20);
  const half = (await text()).trim();
  await page.reload();
  await page.locator(".answer").nth(1).waitFor();
  await grows(half.length + 10);
  assert.ok((await text()).startsWith(half.slice(0, Math.max(1, half.length - 20))));
  await page.keyboard.press("Escape");
  await answer().getByText("Stopped.").waitFor();
  const stopped = (await text()).trim();
  await answer().getByRole("button", { name: "Continue" }).click();
  await answer().locator(".versions, .waiting").first().waitFor();
  await grows(stopped.length + 5);
  await page.keyboard.press("Escape");
  await answer().getByText("Stopped.").waitFor();
  assert.ok((await text()).startsWith(stopped.slice(0, Math.max(1, stopped.length - 20))));
});

it("answers to the end, and counts the tokens", async () => {
  await page.keyboard.press("Control+Alt+n");
  await button("Settings").click();
  await page.getByLabel("Maximum answer length").fill("12");
  await page.getByLabel("Temperature").fill("0");
  await page.keyboard.press("Escape");
  await ask(page, "What is the capital of France?");
  await answer().locator(".figures").waitFor();
  assert.ok((await text()).length > 0);
  const [, tokens] = /^(\d+) tokens/.exec(await answer().locator(".figures").innerText());
  assert.ok(Number(tokens) > 0 && Number(tokens) <= 12);
});

it("draws formulae and colors code under the server's own content security policy", async () => {
  const content = "$\\vec{v}$ and $$\\sqrt{x}$$\n\n```python\nreturn 1\n```";
  await page.route("**/api/conversations/*/messages?limit=50", async (route) => {
    const response = await route.fetch();
    const body = await response.json();
    const last = body.data.findLast(({ role }) => role === "assistant");
    last.parts = [{ type: "answer", text: content }];
    await route.fulfill({ response, json: body });
  });
  await page.reload();
  await answer().locator(".math .katex").nth(1).waitFor();
  await answer().locator(".hljs-keyword").waitFor();
  const arrow = await answer().locator(".math svg").first().boundingBox();
  assert.ok(arrow.width > 5, "the arrow of the vector"); // its width is a style, which the policy blocks as an attribute
  await page.unrouteAll({ behavior: "ignoreErrors" }); // a request may be under way when the browser closes
});

it("leaves nothing to complain about", () => {
  assert.deepEqual(complaints, []);
});
