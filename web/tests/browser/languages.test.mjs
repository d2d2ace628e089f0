/** The page in other languages, in a real browser. */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { launch, openPage } from "./browser.mjs";
import { startMock, stream } from "./mock.mjs";

let browser;
let mock;

before(async () => {
  browser = await launch();
  mock = await startMock(() => ({ events: stream({ thinking: "Hm.", answer: "Hello **there**.\n\n```python\nx = 1\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |" }) }));
});
after(async () => {
  await browser?.close();
  await mock?.close();
});

/** A page in a language that was chosen before. */
async function openIn(language, options = {}) {
  const opened = await openPage(browser, mock.url, options);
  await opened.page.evaluate((chosen) => localStorage.setItem("fathom:settings", JSON.stringify({ language: chosen })), language);
  await opened.page.reload();
  return opened;
}

/** What reaches over the side of the window, or is cut off inside a control. */
function overflows() {
  const width = document.documentElement.clientWidth;
  const name = (element) => `${element.tagName.toLowerCase()}.${element.className} ${JSON.stringify(element.textContent.slice(0, 40))}`;
  const seen = (element) => element.checkVisibility() && !element.closest(".sr-only, .sidebar, .table, .tabs, pre");
  const wide = [...document.querySelectorAll("body *")].filter(seen).filter((element) => {
    const { left, right } = element.getBoundingClientRect();
    return right > width + 1 || left < -1;
  });
  const cut = [...document.querySelectorAll("button, label:not(:has(.sr-only))")].filter(seen).filter((element) => element.scrollWidth > element.clientWidth + 1);
  return [document.documentElement.scrollWidth > width ? "the document scrolls sideways" : "", ...[...wide, ...cut].map(name)].filter(Boolean);
}

describe("a language", () => {
  it("is the browser's, until the settings name another", { timeout: 60_000 }, async () => {
    const { context, page, complaints } = await openPage(browser, mock.url, { locale: "zh-CN" });
    await page.getByText("今天想弄清楚什么？").waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.lang), "zh-Hans");
    await page.getByRole("button", { name: "设置", exact: true }).click();
    await page.getByLabel("语言").selectOption("de");
    await page.getByRole("heading", { name: "Einstellungen" }).waitFor();
    await page.reload();
    await page.getByText("Welcher Sache gehen wir auf den Grund?").waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.lang), "de");
    assert.deepEqual(complaints, []);
    await context.close();
  });

  for (const [language, direction] of [["en-XA", "ltr"], ["ar-XB", "rtl"], ["de", "ltr"]]) {
    for (const viewport of [{ width: 390, height: 844 }, { width: 1280, height: 800 }]) {
      it(`fits at ${viewport.width} pixels in ${language}`, { timeout: 60_000 }, async () => {
        const { context, page, complaints } = await openIn(language, { viewport });
        await page.locator(".empty").waitFor();
        assert.equal(await page.evaluate(() => document.documentElement.dir), direction);
        assert.deepEqual(await page.evaluate(overflows), []);
        await page.locator("textarea").first().fill("Hi");
        await page.keyboard.press("Enter");
        await page.locator(".answer .figures").last().waitFor();
        assert.deepEqual(await page.evaluate(overflows), []);
        if (viewport.width < 500) await page.locator(".open-sidebar").click();
        await page.locator(".sidebar-foot .quiet-button").click();
        await page.locator("dialog[open]").waitFor();
        assert.deepEqual(await page.evaluate(overflows), []);
        assert.deepEqual(complaints, []);
        await context.close();
      });
    }
  }
});
