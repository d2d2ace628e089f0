/** A report that `fathom report` wrote, at REPORT: a file: address. */

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, describe, it } from "node:test";
import { launch, openPage } from "./browser.mjs";

const axe = createRequire(import.meta.url).resolve("axe-core");
const url = process.env.REPORT;

describe("a report", () => {
  let browser;
  before(async () => {
    browser = await launch();
  });
  after(async () => {
    await browser.close();
  });

  it("asks for nothing but itself and complains of nothing", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const asked = [];
    page.on("request", (request) => asked.push(request.url()));
    const complaints = [];
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(url);
    assert.deepEqual(asked, [url]);
    assert.deepEqual(complaints, []);
  });

  it("shows any step beside any other, by keyboard too", async () => {
    const { page } = await openPage(browser, url);
    const right = page.locator(".side").nth(1);
    const slider = right.getByRole("slider");
    await right.getByRole("heading", { name: "after step 40" }).waitFor();
    const shown = await right.locator(".prompt").innerText();
    await slider.focus();
    await page.keyboard.press("ArrowLeft");
    assert.match(await slider.getAttribute("aria-valuetext"), /^step 3\d$/);
    assert.notEqual(await right.locator(".prompt").innerText(), shown);
    await page.keyboard.press("Home");
    await right.getByRole("heading", { name: "after step 1" }).waitFor();
    const left = page.locator(".side").first();
    assert.equal(await right.locator(".problem").innerText(), await left.locator(".problem").innerText());
    await right.getByRole("button", { name: "step after" }).click();
    await right.getByRole("button", { name: "problem 2 of" }).click();
    assert.equal(await right.getByRole("button", { name: "problem 2 of" }).getAttribute("aria-pressed"), "true");
    assert.ok((await right.locator(".completion").count()) > 3);
  });

  it("reads the same without its script", async () => {
    const { page } = await openPage(browser, url, { javaScriptEnabled: false });
    assert.ok((await page.locator(".side .completion").count()) > 6);
    assert.equal(await page.getByRole("slider").count(), 0);
    assert.ok((await page.getByRole("img").count()) > 20);
  });

  for (const width of [360, 820, 1440]) {
    it(`is as wide as a window of ${width}, and no wider`, async () => {
      const { page } = await openPage(browser, url, { viewport: { width, height: 900 } });
      const size = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(size <= width, `${size} > ${width}`);
    });
  }

  for (const colorScheme of ["light", "dark"]) {
    it(`is accessible in ${colorScheme}`, async () => {
      const { page } = await openPage(browser, url, { colorScheme, bypassCSP: true });
      await page.addScriptTag({ path: axe });
      const results = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
      const violations = results.violations.map((one) => [one.id, one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160))]);
      assert.deepEqual(violations, []);
    });
  }
});
