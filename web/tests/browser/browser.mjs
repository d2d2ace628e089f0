/** The system's Chromium, headless, with nothing that reaches for a network. */

import { chromium } from "playwright-core";

export const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export function launch(flags = []) {
  return chromium.launch({ executablePath: CHROMIUM, headless: true, args: [...FLAGS, ...flags] });
}

/**
 * A page in a fresh profile, without animations, that collects what it complains about. `now`: a clock that stands there;
 * `furnish(context)`: done before the page opens.
 */
export async function openPage(browser, url, { now = null, furnish = null, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce", ...options });
  await furnish?.(context);
  const page = await context.newPage();
  if (now !== null) await page.clock.setFixedTime(now);
  const complaints = watch(page);
  await page.goto(url);
  return { context, page, complaints };
}

/** Errors of the page and refusals of its content security policy. Failed requests are the tests' own doing. */
export function watch(page) {
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    const failedRequest = message.text().startsWith("Failed to load resource");
    if (message.type() === "error" && !failedRequest) complaints.push(message.text());
  });
  return complaints;
}

export async function ask(page, text) {
  await page.getByRole("textbox", { name: "Message", exact: true }).fill(text);
  await page.keyboard.press("Enter");
}
