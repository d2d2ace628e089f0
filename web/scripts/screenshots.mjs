/**
 * Takes the README's pictures from a running server: FATHOM_URL=http://127.0.0.1:8000/ npm run screenshots
 * The page and the model's answers are real. Token counts and speeds are hidden: they differ from machine to machine, and
 * figures belong to benchmarks.
 */

import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { ask, launch, openPage } from "../tests/browser/browser.mjs";

const { FATHOM_URL = "http://127.0.0.1:8000/" } = process.env;
const OUT = new URL("../../docs/images/", import.meta.url);
const PATIENCE = { timeout: 180_000 };

const EARLIER = ["Why is the sky blue?", "Three ideas for a quiet weekend", "Explain what a prime number is"];
const SHOWN = ["Write a Python function that checks whether a word is a palindrome.", "Show an example that calls it with the words level and water."];

async function set(page, temperature, longest) {
  await page.getByRole("button", { name: "Settings", exact: true }).click();
  await page.getByLabel("Temperature").fill(String(temperature));
  await page.getByLabel("Maximum answer length").fill(String(longest));
  await page.getByRole("button", { name: "Close settings" }).click();
}

async function answered(page) {
  await page.getByRole("button", { name: "Stop" }).waitFor(PATIENCE);
  await page.getByRole("button", { name: "Send" }).waitFor(PATIENCE);
}

await mkdir(OUT, { recursive: true });
const browser = await launch();
const { page } = await openPage(browser, FATHOM_URL, { viewport: { width: 1200, height: 760 }, colorScheme: "light" });
await page.locator(".model.ready").waitFor(PATIENCE);
await set(page, 0, 8);
for (const question of EARLIER) {
  await ask(page, question);
  await answered(page);
  await page.keyboard.press("Control+Alt+n");
}
await set(page, 0, 320);
for (const question of SHOWN) {
  await ask(page, question);
  await answered(page);
}
await page.locator(".hljs-keyword").first().waitFor(PATIENCE);
await page.mouse.move(1190, 300);
await page.locator(".figures").evaluateAll((figures) => figures.forEach((figure) => figure.remove()));
for (const colorScheme of ["light", "dark"]) {
  await page.emulateMedia({ colorScheme });
  await page.locator(".transcript").evaluate((element) => element.scrollTo(0, 0));
  await page.screenshot({ path: fileURLToPath(new URL(`chat-${colorScheme}.png`, OUT)) });
}
await browser.close();
