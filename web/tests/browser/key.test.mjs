/** The page in front of a real server, at FATHOM_URL, that asks for the API key in FATHOM_KEY. */

import assert from "node:assert/strict";
import { it } from "node:test";
import { ask, launch, openPage } from "./browser.mjs";

const { FATHOM_URL, FATHOM_KEY } = process.env;

it("asks for the key, says when it is wrong, and answers with the right one", async () => {
  const browser = await launch();
  try {
    const { page, complaints } = await openPage(browser, FATHOM_URL);
    page.setDefaultTimeout(120_000); // a small machine loads the model in this time
    await page.getByRole("dialog").getByLabel("API key").fill("not-the-key");
    await page.keyboard.press("Enter");
    await page.getByText("The server did not accept that key.").waitFor();
    await page.getByRole("dialog").getByLabel("API key").fill(FATHOM_KEY);
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await ask(page, "Hello?");
    await page.locator(".answer .prose").waitFor();
    assert.equal(await page.locator(".answer").count(), 1);
    assert.deepEqual(complaints, []);
  } finally {
    await browser.close();
  }
});
