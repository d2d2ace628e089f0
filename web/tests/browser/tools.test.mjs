/** Tool calls, consent, marks of sources and the settings of both, in a real browser. Run: npm run test:browser */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, beforeEach, it } from "node:test";
import { launch, openPage } from "./browser.mjs";
import { startMock, stream } from "./mock.mjs";

const AXE = await readFile(new URL("../../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

let browser;
let mock;

before(async () => {
  browser = await launch();
  mock = await startMock(() => ({ events: stream({ answer: "Hello." }) }));
});
after(async () => {
  await browser?.close();
  await mock?.close();
});
beforeEach(() => mock.reset());

const CALL = { type: "tool_call", id: "call_1", name: "notes__add", arguments: '{"text": "milk"}', state: "done", result: { text: "Added.", files: [] }, ms: 1200 };
const CITATION = { type: "citation", number: 1, kind: "web", title: "The opera", url: "https://a.example/opera", source: "p1", place: null, quote: null, supported: null };
const PARTS = [
  { ...CITATION, used: true, quote: "was closed in 1980", supported: false, passage: "The opera house opened in 1959." },
  { ...CITATION, number: 2, title: "The river", used: false },
  CALL,
  { type: "answer", text: "It “was closed in 1980” [1]; see also [7]." },
];

/** A chat whose answer has these parts, opened in a page of this width; nothing may break the policy. */
function onAnswer(name, parts, test, options = {}) {
  it(name, { timeout: 90_000 }, async () => {
    const row = mock.assistant.seed({ title: "Opera", turns: [["How old is it?", ""]] });
    Object.assign(mock.assistant.messages.get(row.head), { parts: structuredClone(parts) });
    const { context, page, complaints } = await openPage(browser, mock.url, options);
    try {
      await page.evaluate((id) => (location.hash = `#/c/${id}`), row.id);
      await page.locator(".answer .tool-call, .answer .cite").first().waitFor();
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

for (const [name, options] of [
  ["desktop", {}],
  ["phone, dark", { viewport: { width: 390, height: 844 }, colorScheme: "dark" }],
])
  onAnswer(
    `shows a call, the sources and what is not in them (${name})`,
    PARTS,
    async (page) => {
      const call = page.locator(".tool-call");
      await call.locator("summary").click();
      assert.match(await call.innerText(), /add of notes[\s\S]*done · 1\.2s[\s\S]*milk[\s\S]*Added\./);
      assert.deepEqual(await page.locator(".cite button").allInnerTexts(), ["1"]);
      await page.locator(".cite button").click();
      const card = page.locator(".cite-card:popover-open");
      await card.getByRole("link", { name: "The opera" }).waitFor();
      assert.match(await card.innerText(), /The opera[\s\S]*a\.example[\s\S]*opened in 1959[\s\S]*Not found in the page: “was closed in 1980”/);
      const { x, width } = await card.boundingBox();
      assert.ok(x >= 0 && x + width <= (options.viewport?.width ?? 1280));
      assert.deepEqual(await violations(page), []);
      await page.keyboard.press("Escape");
      assert.equal(await card.count(), 0);
      assert.match(await page.locator(".sources").innerText(), /The opera[\s\S]*not found in the page[\s\S]*1 more source was read/);
    },
    options,
  );

onAnswer("asks before a call, and passes the reader's word on", [{ ...CALL, state: "consent", result: null, ms: null }], async (page) => {
  const group = page.getByRole("group", { name: "The model wants to call this tool." });
  assert.deepEqual(await group.getByRole("button").allInnerTexts(), ["Allow once", "Always allow", "Refuse"]);
  assert.match(await page.locator(".tool-call").innerText(), /waits for you[\s\S]*milk/);
  assert.deepEqual(await violations(page), []);
});

it("keeps the search of a chat on its toggle, and tries a provider", { timeout: 90_000 }, async () => {
  const { context, page } = await openPage(browser, mock.url);
  try {
    await page.route("**/api/web-search/check", (route) => route.fulfill({ json: { provider: "searxng", titles: ["One", "Two"], error: null } }));
    const toggle = page.getByRole("button", { name: "Search", exact: true });
    await toggle.click();
    assert.equal(await toggle.getAttribute("aria-pressed"), "true");
    await page.getByRole("textbox", { name: "Message", exact: true }).fill("How old is the opera?");
    await page.keyboard.press("Enter");
    await page.locator(".answer .prose").waitFor();
    assert.equal(mock.requests.at(-1).search, true);
    await page.getByRole("button", { name: "Settings" }).first().click();
    await page.getByRole("tab", { name: "Search" }).click();
    await page.getByRole("button", { name: "Test", exact: true }).click();
    await page.getByText("It answers: One · Two").waitFor();
  } finally {
    await context.close();
  }
});
