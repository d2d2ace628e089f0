/** Accessibility of what opens over the page, and the first visit's way to the models. Run: npm run test:browser */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, beforeEach, it } from "node:test";
import { launch, openPage } from "./browser.mjs";
import { startMock, stream } from "./mock.mjs";

const AXE = await readFile(new URL("../../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const MODEL = { kind: "local", stage: null, progress: null, error: null, licence: "Apache-2.0", parameters: 1.4e8, bytes: 2e8, memory_bytes: 3e8, fits: true, thinking: false, tools: false, vision: false, context: 2048, purpose: "", languages: "en", origin: "embedded", served: false, removable: false };
const MODELS = [
  { ...MODEL, id: "mock-135m", name: "Small", state: "ready", served: true, tokens_per_second: 31.4 },
  { ...MODEL, id: "thinker", name: "Thinker", kind: "recommended", state: "downloadable", bytes: 1.2e9, memory_bytes: 2e9, thinking: true, tokens_per_second: null },
];

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
beforeEach(() => {
  mock.reset();
  mock.assistant.models = MODELS;
  mock.assistant.tools = [{ name: "calculator", title: "Calculator", description: "Computes.", policy: "ask", server: null, effects: false }];
});

async function violations(page) {
  await page.evaluate(AXE);
  const { violations: rules } = await page.evaluate(() => globalThis.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"] }));
  return rules.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join(" ")}`);
}

for (const [name, options] of [
  ["desktop, light", {}],
  ["phone, dark", { viewport: { width: 390, height: 844 }, colorScheme: "dark" }],
]) {
  it(`leads from the first visit to the models (${name})`, { timeout: 90_000 }, async () => {
    const { context, page, complaints } = await openPage(browser, mock.url, options);
    const card = page.getByRole("region", { name: "Your model" });
    await card.getByText("Small runs on this machine.").waitFor();
    assert.match(await card.innerText(), /about 31 tokens a second[\s\S]*Thinker[\s\S]*1\.2 GB · can think/);
    assert.deepEqual(await violations(page), []);
    await card.getByRole("button", { name: "Choose a model" }).click();
    await page.getByRole("dialog").getByRole("option", { name: /Thinker/ }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Download 1.2 GB" }).waitFor();
    assert.deepEqual(await violations(page), []);
    assert.deepEqual(complaints, []);
    await context.close();
  });

  it(`has dialogs that everyone can use (${name})`, { timeout: 90_000 }, async () => {
    const { context, page } = await openPage(browser, mock.url, options);
    await page.getByRole("region", { name: "Your model" }).waitFor();
    await page.keyboard.press("Control+/");
    await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
    assert.deepEqual(await violations(page), []);
    await page.keyboard.press("Escape");
    if (options.viewport) await page.getByRole("button", { name: "Open sidebar" }).click();
    await page.getByRole("button", { name: "Settings", exact: true }).click();
    const tabs = page.getByRole("dialog").getByRole("tab");
    await tabs.last().waitFor();
    for (let index = 0; index < (await tabs.count()); index += 1) {
      await tabs.nth(index).click();
      await page.getByRole("tabpanel").locator("label, button, p").first().waitFor();
      assert.deepEqual(await violations(page), [], await tabs.nth(index).innerText());
    }
    assert.ok((await tabs.count()) >= 5);
    await context.close();
  });
}
