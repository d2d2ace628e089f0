/** The page in front of a real server, at FATHOM_URL, that was told to load /no/such/model. */

import assert from "node:assert/strict";
import { it } from "node:test";
import { ask, launch, openPage } from "./browser.mjs";

it("says what is wrong and what to do, and answers a message with it", async () => {
  const browser = await launch();
  try {
    const { page, complaints } = await openPage(browser, process.env.FATHOM_URL);
    const alert = page.getByRole("alert").first();
    await alert.getByText("The model could not be loaded.").waitFor();
    assert.match(await alert.innerText(), /\/no\/such\/model does not exist\. Check the path\./);
    await ask(page, "Hello?");
    await page.locator(".answer").getByText("This answer failed.").waitFor();
    assert.match(await page.locator(".answer").innerText(), /\/no\/such\/model does not exist\. Check the path\./);
    assert.deepEqual(complaints, []);
  } finally {
    await browser.close();
  }
});
