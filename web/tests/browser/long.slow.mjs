/**
 * 100 000 tokens of thinking and a long answer: how long the main thread stands still while they stream, when they end,
 * and when the chat is opened again. Prints what it measured, and fails over LIMIT. Run it on a quiet machine, by hand:
 * node tests/browser/long.slow.mjs
 */

import { ask, launch, openPage } from "./browser.mjs";
import { startMock, stream } from "./mock.mjs";

const LIMIT = 100; // ms
const sentence = (index) => `So the sum is $x_{${index}} + 5$ and we *try* again: what if \`n\` is even? Then **2k** divides it, and wait, 17 * 3 = 51.`;
const THINKING = Array.from({ length: 3400 }, (_, index) => sentence(index) + (index % 9 === 0 ? "\n- one\n- two\n" : "")).join("\n\n");
const ANSWER = Array.from({ length: 600 }, (_, index) => (index % 20 === 0 ? `## Part ${index}\n\n` : "") + sentence(index)).join("\n\n");

const browser = await launch();
const mock = await startMock(() => ({ events: stream({ thinking: THINKING, answer: ANSWER, size: 40, pace: 0 }) }));
const { page } = await openPage(browser, mock.url);
await page.evaluate(() => {
  globalThis.pauses = [];
  new PerformanceObserver((list) => globalThis.pauses.push(...list.getEntries().map(({ duration }) => Math.round(duration)))).observe({ type: "longtask" });
});
let failed = false;
async function report(name) {
  await page.waitForTimeout(1000);
  const pauses = await page.evaluate(() => globalThis.pauses.splice(0).toSorted((a, b) => b - a));
  failed ||= (pauses[0] ?? 0) > LIMIT;
  console.log(`${name}: ${pauses.length} pauses over 50 ms, the longest ${pauses.slice(0, 5).join(", ") || "none"} ms`);
}
await report("the empty page");
await ask(page, "Think");
await page.locator(".thinking-head").waitFor();
await page.locator(".answer .figures").waitFor({ timeout: 400_000 });
await report(`${THINKING.length} characters of thinking and ${ANSWER.length} of an answer`);
await page.locator(".thinking-head").click();
await page.waitForTimeout(4000);
await report("the thinking unfolded");
await browser.close();
await mock.close();
process.exitCode = failed ? 1 : 0;
