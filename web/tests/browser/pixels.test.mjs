/**
 * The page looks as it did: a dozen of its states beside small stored pictures (pixels/, see pictures.mjs for what counts
 * as the same). After a change that is meant: PIXELS=write node --test tests/browser/pixels.test.mjs, and look at what git shows.
 */

import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, it } from "node:test";
import { fileURLToPath } from "node:url";
import { launch } from "./browser.mjs";
import { startMock, stream } from "./mock.mjs";
import { ALLOWED, differences, inBoxes, openBench, readPicture, shrink, writePicture } from "./pictures.mjs";
import { openState } from "./states.mjs";

const STORED = fileURLToPath(new URL("pixels/", import.meta.url));
const REWRITE = "PIXELS=write node --test tests/browser/pixels.test.mjs";
const PHONE = { viewport: { width: 390, height: 844 } };
const DARK = { colorScheme: "dark" };
const PICTURES = {
  "empty-desktop-light": {},
  "chat-desktop-light": {},
  "chat-phone-dark": { ...PHONE, ...DARK },
  "chat-end-desktop-dark": DARK,
  "thought-phone-light": PHONE,
  "tool-desktop-light": {},
  "sources-desktop-dark": DARK,
  "consent-phone-dark": { ...PHONE, ...DARK },
  "sidebar-phone-light": PHONE,
  "select-phone-dark": { ...PHONE, ...DARK },
  "models-desktop-light": {},
  "general-desktop-dark": DARK,
  "welcome-phone-zh": { ...PHONE, locale: "zh-CN" },
};

let browser;
let mock;
let bench;

before(async () => {
  browser = await launch();
  mock = await startMock(() => ({ events: stream({ answer: "Hello." }) }));
  bench = await openBench(browser);
});
after(async () => {
  await browser?.close();
  await mock?.close();
});

/** A state's page, ready to be pictured. */
async function open(name, inBrowser = browser) {
  const state = name.replace(/-(?:desktop|phone)-\w+$/, "");
  const { context, page } = await openState(inBrowser, mock, state, { colorScheme: "light", furnish: inBoxes, ...PICTURES[name] });
  await page.evaluate(() => document.fonts.ready.then(() => undefined));
  await page.mouse.move(0, 0);
  const take = () => page.screenshot({ animations: "disabled", caret: "hide" });
  return { context, page, take };
}

for (const name of Object.keys(PICTURES)) {
  it(`looks as stored: ${name}`, { timeout: 60_000 }, async () => {
    const { context, take } = await open(name);
    const screenshot = await take();
    await context.close();
    const taken = await shrink(bench, screenshot);
    const path = join(STORED, `${name}.png`);
    if (process.env.PIXELS === "write") {
      await mkdir(STORED, { recursive: true });
      return writePicture(path, taken);
    }
    const stored = await readPicture(path);
    assert.ok(stored, `there is no ${path}; in web/: ${REWRITE}`);
    const { count, box } = await differences(bench, stored, taken);
    if (count <= ALLOWED) return undefined;
    const folder = process.env.PIXELS_OUT ?? (await mkdtemp(join(tmpdir(), "pixels-")));
    await mkdir(folder, { recursive: true });
    await Promise.all([
      writePicture(join(folder, `${name}.stored.png`), stored),
      writePicture(join(folder, `${name}.now.png`), taken),
      writePicture(join(folder, `${name}.page.png`), screenshot),
    ]);
    return assert.fail(`${name}: ${count} cells differ, within ${box ?? "another size"} (x, y, x, y in pixels); look at ${join(folder, name)}.{stored,now,page}.png; if the change is meant, in web/: ${REWRITE}`);
  });
}

it("stores no picture that nothing compares, and few bytes", async () => {
  const files = await readdir(STORED);
  assert.deepEqual(files.toSorted(), Object.keys(PICTURES).map((name) => `${name}.png`).toSorted());
  const sizes = await Promise.all(files.map(async (file) => (await readPicture(join(STORED, file))).length));
  assert.ok(sizes.reduce((sum, size) => sum + size, 0) < 150_000, String(sizes));
});

const CHANGES = {
  "a box that moved": [".new-chat", "transform: translateY(10px)"],
  "a wrong colour": [".new-chat", "background: #cfe3e6"],
  "a text in another colour": [".new-chat", "color: #b00020"],
  "a small icon that is gone": [".new-chat .icon", "visibility: hidden"],
  "a larger text": [".conversations", "zoom: 1.08"],
};

it("sees a real change", { timeout: 60_000 }, async () => {
  const { context, page, take } = await open("empty-desktop-light");
  const stored = await shrink(bench, await take());
  const changed = async (selector, style) => {
    const element = page.locator(selector).first();
    await element.evaluate((it, text) => (it.style.cssText = text), style);
    const picture = await shrink(bench, await take());
    await element.evaluate((it) => (it.style.cssText = ""));
    return (await differences(bench, stored, picture)).count;
  };
  for (const [what, [selector, style]] of Object.entries(CHANGES)) {
    const count = await changed(selector, style);
    assert.ok(count > ALLOWED, `${what}: ${count} cells`);
  }
  await context.close();
});

it("does not see how a browser smooths, nor what it makes of colours", { timeout: 60_000 }, async () => {
  const other = await launch(["--font-render-hinting=none", "--disable-lcd-text", "--force-color-profile=display-p3-d65"]);
  try {
    const name = "empty-desktop-light";
    const { take } = await open(name, other);
    const { count } = await differences(bench, await readPicture(join(STORED, `${name}.png`)), await shrink(bench, await take()));
    assert.ok(count <= ALLOWED, `${count} cells`);
  } finally {
    await other.close();
  }
});
