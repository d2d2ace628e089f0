/**
 * How the page does over a server with many chats, in Chromium: node scripts/measure.mjs URL CHAT REPEATS, where CHAT is the id
 * of a long one near the top of the sidebar. Prints one line of JSON: bytes of the first load, milliseconds from navigation to
 * the sidebar's first chat, from a click to the end of the long chat on the screen, and the longest tasks on the way.
 */

import { launch } from "../tests/browser/browser.mjs";

const [url, chat, repeats = "3"] = process.argv.slice(2);
const browser = await launch();
const rows = [];
for (let repeat = 0; repeat < Number(repeats); repeat += 1) rows.push(await measure());
await browser.close();
console.log(JSON.stringify(Object.fromEntries(Object.keys(rows[0]).map((key) => [key, median(rows.map((row) => row[key]))]))));

async function measure() {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, serviceWorkers: "block" }); // it fetches for later
  const page = await context.newPage();
  const network = await context.newCDPSession(page);
  await network.send("Network.enable");
  let transferred = 0;
  network.on("Network.loadingFinished", ({ encodedDataLength }) => (transferred += encodedDataLength));
  await page.addInitScript(() => {
    globalThis.tasks = [0];
    new PerformanceObserver((list) => globalThis.tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: "longtask" });
  });
  const longest = () => page.evaluate(() => Math.max(...globalThis.tasks.splice(1), 0));

  await page.goto(url);
  const link = page.locator(`.conversations a[href="#/c/${chat}"]`);
  await link.waitFor();
  const sidebarMs = await page.evaluate(() => performance.now());
  const paintMs = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime);
  const firstLoadBytes = transferred;
  await page.waitForTimeout(1000);
  const loadPause = await longest();

  const openMs = await link.evaluate(opened);
  await page.waitForTimeout(2000); // older messages come
  const openPause = await longest();

  for (let turn = 0; turn < 60; turn += 1) {
    await page.locator(".conversations").evaluate((element) => element.scrollTo(0, element.scrollHeight));
    await page.waitForTimeout(30);
  }
  const listed = await page.locator(".conversations").evaluate((element) => Math.round(element.scrollHeight / 36));
  const scrollPause = await longest();
  await context.close();
  return {
    first_load_bytes: firstLoadBytes,
    first_paint_ms: Math.round(paintMs),
    sidebar_ms: Math.round(sidebarMs),
    first_load_longest_task_ms: Math.round(loadPause),
    open_long_ms: Math.round(openMs),
    open_long_longest_task_ms: Math.round(openPause),
    sidebar_rows_scrolled: listed,
    sidebar_scroll_longest_task_ms: Math.round(scrollPause),
  };
}

/** Milliseconds from a click on the link until its chat's last answer is drawn. */
function opened(element) {
  return new Promise((resolve) => {
    const began = performance.now();
    const look = () => {
      const last = [...document.querySelectorAll(".message")].at(-1);
      if (!last || last.getBoundingClientRect().bottom > innerHeight || !last.innerText.trim()) return requestAnimationFrame(look);
      // the frame in which it is there has been drawn when the next one's task runs
      return requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - began)));
    };
    element.click();
    requestAnimationFrame(look);
  });
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}
