/** Tools of a chat, two answers at once, and the row of controls on a phone, in a real browser. Run: npm run test:browser */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, beforeEach, it } from "node:test";
import { ask, launch, openPage } from "./browser.mjs";
import { startMock, stream } from "./mock.mjs";

const AXE = await readFile(new URL("../../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

const tool = (name, fields = {}) => ({ name, title: name, description: "", policy: "ask", server: null, effects: false, ...fields });
const TOOLS = [tool("web_search"), tool("open_page"), tool("calculator", { policy: "always" }), tool("python"), tool("notes__add", { server: "notes" }), tool("notes__wipe", { server: "notes", policy: "never" })];
const model = (id, fields = {}) => ({ id, name: id, kind: "local", state: "available", stage: null, progress: null, error: null, licence: "MIT", parameters: 1, bytes: 1, memory_bytes: 1, fits: true, tokens_per_second: null, thinking: false, tools: true, vision: false, context: 2048, purpose: "", languages: "en", origin: "own", served: false, removable: false, ...fields });

let browser;
let mock;
let next;

before(async () => {
  browser = await launch();
  mock = await startMock((request) => next(request));
});
after(async () => {
  await browser?.close();
  await mock?.close();
});
beforeEach(() => {
  mock.reset();
  mock.health.capabilities = { thinking: true, tools: true };
  mock.assistant.tools = TOOLS;
  mock.assistant.models = [model("mock-135m", { state: "ready", served: true }), model("other"), model("to-fetch", { kind: "recommended", state: "downloadable" })];
  next = (request) => ({ events: stream({ answer: `From ${request.model ?? "the first"}.` }) });
});

function onPage(name, test, options = {}) {
  it(name, { timeout: 90_000 }, async () => {
    const { context, page, complaints } = await openPage(browser, mock.url, options);
    try {
      await test(page);
      assert.deepEqual(complaints, []);
    } finally {
      await context.close();
    }
  });
}

async function violations(page) {
  await page.evaluate(AXE);
  const { violations: rules } = await page.evaluate(() => globalThis.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"] }));
  return rules.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(" ")}`);
}

const more = (page) => page.getByRole("button", { name: /^Tools and a second answer/ });
const answer = (page) => page.locator(".answer .prose").last();

onPage("offers the tools by name, and keeps the choice with the chat", async (page) => {
  await more(page).click();
  const menu = page.locator(".menu:popover-open");
  await menu.getByText("Calculator").waitFor();
  assert.equal(await menu.getByRole("button", { name: "Attach files" }).count(), 0); // it has a button of its own, where there is room
  assert.deepEqual(await menu.getByRole("checkbox").evaluateAll((boxes) => boxes.map((box) => box.closest("label").querySelector("strong").textContent)), ["Calculator", "Python", "add of notes", "wipe of notes"]);
  assert.ok(await menu.getByRole("checkbox", { name: /wipe of notes/ }).isDisabled());
  await menu.getByRole("checkbox", { name: "Python" }).check();
  await menu.getByRole("checkbox", { name: "add of notes" }).check();
  assert.deepEqual(await violations(page), []);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Search", exact: true }).click();
  await ask(page, "Count");
  await answer(page).getByText("From the first.").waitFor();
  assert.deepEqual(mock.requests[0].tools, ["python", "notes__add", "web_search", "open_page"]);
  mock.assistant.tools = TOOLS.filter(({ server }) => server === null); // the server was removed
  await page.reload();
  await page.getByRole("button", { name: "Tools and a second answer, 2 chosen" }).click();
  await page.locator(".menu:popover-open").getByText("no longer offered").click();
  await page.keyboard.press("Escape");
  await ask(page, "Again");
  await page.waitForFunction(() => document.querySelectorAll(".answer .prose").length === 2);
  assert.deepEqual(mock.requests[1].tools, ["python", "web_search", "open_page"]);
});

onPage("says where the model cannot call tools", async (page) => {
  mock.health.capabilities = { thinking: true, tools: false };
  await page.reload();
  await more(page).click();
  await page.locator(".menu:popover-open").getByText("was not trained to call tools").waitFor();
});

onPage("lets two models answer one question, side by side while they write", async (page) => {
  let release;
  const until = new Promise((resolve) => (release = resolve));
  next = ({ model: name }) => ({ events: stream({ answer: `${name ?? "first"} says that it goes on and on.`, hold: { after: 4, until } }) });
  await more(page).click();
  await page.getByRole("combobox", { name: /Second answer/ }).selectOption("other");
  await page.keyboard.press("Escape");
  await ask(page, "Which?");
  const sides = page.getByRole("dialog").locator(".compare-side");
  await sides.first().getByText("first says").waitFor();
  await sides.last().getByText("other says").waitFor();
  release();
  for (const side of [sides.first(), sides.last()]) await side.getByText("on and on.").waitFor();
  assert.deepEqual(await violations(page), []);
  assert.deepEqual(mock.requests.map((request) => [request.model, request.messages.at(-1).content]), [[undefined, "Which?"], ["other", "Which?"]]);
  await sides.first().getByRole("button", { name: "Go on with this version" }).click();
  await answer(page).getByText("first says").waitFor();
  await ask(page, "And now?");
  await page.waitForFunction(() => document.querySelectorAll(".answer").length === 2);
  await page.waitForTimeout(300);
  assert.equal(mock.requests.length, 3); // the choice was for one question
});

for (const width of [360, 390])
  onPage(
    `has all controls in one row of a phone of ${width} pixels`,
    async (page) => {
      await page.addInitScript(() => {
        globalThis.SpeechRecognition = class {
          static available = () => Promise.resolve("available");
          get processLocally() {
            return true;
          }
        };
      });
      await page.reload();
      await page.getByRole("button", { name: "Dictate" }).waitFor();
      const boxes = await page.locator(".composer-row button:visible").evaluateAll((buttons) => buttons.map((button) => button.getBoundingClientRect()).map(({ top, height, right }) => ({ middle: top + height / 2, right, height })));
      assert.ok(boxes.length >= 6);
      assert.ok(boxes.every(({ middle }) => Math.abs(middle - boxes[0].middle) < 2), JSON.stringify(boxes));
      assert.ok(boxes.every(({ right, height }) => right <= width && height >= 24));
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
      await more(page).click();
      await page.locator(".menu:popover-open").getByText("Calculator").waitFor();
      const { x, y, width: wide, height } = await page.locator(".menu:popover-open").boundingBox();
      await page.getByRole("button", { name: "Attach files" }).waitFor();
      assert.ok(x >= 0 && y >= 0 && x + wide <= width && y + height <= 740);
    },
    { viewport: { width, height: 740 }, isMobile: true, hasTouch: true },
  );
