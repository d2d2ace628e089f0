/** Shortcuts, reading aloud, dictation and notifications, in a real browser whose speech is played by the test. */

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { ask, launch, openPage } from "./browser.mjs";
import { startMock, stream } from "./mock.mjs";
import { openState } from "./states.mjs";

let browser;
let mock;
let next;

before(async () => {
  browser = await launch();
  mock = await startMock((body) => next(body));
});
after(async () => {
  await browser?.close();
  await mock?.close();
});
beforeEach(() => {
  next = () => ({ events: stream({ thinking: "Hm.", answer: "One **first** sentence. And a second.\n\n```python\nx = 1\n```" }) });
});

function onPage(name, test, { script = null, ...options } = {}) {
  it(name, { timeout: 60_000 }, async () => {
    const { context, page, complaints } = await openPage(browser, mock.url, options);
    try {
      if (script) {
        await page.addInitScript(script);
        await page.reload();
      }
      await test(page, context);
      assert.deepEqual(complaints, []);
    } finally {
      await context.close();
    }
  });
}

const answered = (page) => page.locator(".answer .figures").last().waitFor();
const sheet = (page) => page.getByRole("dialog", { name: "Keyboard shortcuts" });

describe("shortcuts", () => {
  onPage("are on a sheet, which a question mark opens where nothing is typed", async (page) => {
    await page.locator(".composer textarea").fill("why");
    await page.keyboard.press("End");
    await page.keyboard.type("?");
    assert.equal(await page.locator(".composer textarea").inputValue(), "why?");
    await page.keyboard.press("Control+/");
    await sheet(page).waitFor();
    await page.keyboard.press("Escape");
    await sheet(page).waitFor({ state: "detached" });
    await page.locator(".composer textarea").evaluate((area) => area.blur());
    await page.keyboard.type("?");
    await sheet(page).getByText("Search chats").waitFor();
  });

  onPage(
    "search, write, copy, hide the sidebar, and walk through the chats",
    async (page) => {
      for (const question of ["First", "Second"]) {
        await page.keyboard.press("Control+Alt+n");
        await ask(page, question);
        await answered(page);
        await page.locator(".sidebar").getByRole("link", { name: question, exact: true }).waitFor();
      }
      await page.keyboard.press("Control+k");
      await page.waitForFunction(() => document.activeElement?.matches("input[type=search]"));
      await page.keyboard.press("Control+Alt+p");
      await page.waitForFunction(() => document.activeElement?.matches(".composer textarea"));
      await page.keyboard.press("Control+Alt+y");
      await page.getByRole("button", { name: "Copied" }).waitFor();
      assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^One \*\*first\*\* sentence/);
      await page.keyboard.press("Control+Alt+s");
      await page.locator(".sidebar").waitFor({ state: "hidden" });
      await page.keyboard.press("Control+k"); // which shows it again
      await page.locator(".sidebar").waitFor();
      await page.keyboard.press("Control+Alt+.");
      await page.locator('.sidebar a[aria-current="page"]', { hasText: "First" }).waitFor();
      await page.keyboard.press("Control+Alt+,");
      await page.locator('.sidebar a[aria-current="page"]', { hasText: "Second" }).waitFor();
    },
    { permissions: ["clipboard-read", "clipboard-write"] },
  );
});

/** A browser with one voice of its own and one of a server; what is said is kept. */
function playSpeech() {
  window.said = [];
  const voices = [
    { name: "far", lang: "en-US", localService: false, default: true },
    { name: "near", lang: "en-GB", localService: true, default: false },
  ];
  window.SpeechSynthesisUtterance = class {
    constructor(text) {
      this.text = text;
    }
  };
  const speech = {
    getVoices: () => voices,
    addEventListener: () => undefined,
    cancel: () => undefined,
    speak: (utterance) => {
      window.said.push(`${utterance.voice.name}: ${utterance.text}`);
      window.saidOne = () => utterance.onend();
    },
  };
  Object.defineProperty(window, "speechSynthesis", { value: speech });
}

/** A browser that understands speech, on this machine or elsewhere. */
function playRecognition(here) {
  window.SpeechRecognition = class {
    static available = async ({ processLocally }) => (processLocally && !here ? "unavailable" : "available");
    get processLocally() {
      return this.local;
    }
    set processLocally(local) {
      this.local = local;
    }
    start() {
      setTimeout(() => this.onresult({ results: [[{ transcript: ` said ${this.local ? "here" : "elsewhere"}` }]] }));
    }
    stop() {
      this.onend();
    }
  };
}

describe("speech", () => {
  onPage(
    "reads an answer sentence by sentence with a voice of this machine, and stops",
    async (page) => {
      await ask(page, "Hi");
      await answered(page);
      await page.getByRole("button", { name: "Read aloud" }).click();
      assert.deepEqual(await page.evaluate(() => window.said), ["near: One first sentence."]);
      await page.evaluate(() => window.saidOne());
      assert.deepEqual(await page.evaluate(() => window.said), ["near: One first sentence.", "near: And a second."]);
      await page.getByRole("button", { name: "Stop reading" }).click();
      await page.getByRole("button", { name: "Read aloud" }).waitFor();
    },
    { script: playSpeech },
  );

  onPage(
    "does not offer what no voice of this machine can say",
    async (page) => {
      next = () => ({ events: stream({ answer: "你好，世界。" }) });
      await ask(page, "Hi");
      await answered(page);
      await page.waitForTimeout(200);
      assert.equal(await page.getByRole("button", { name: "Read aloud" }).count(), 0);
    },
    { script: playSpeech },
  );

  onPage(
    "is written into the message where it is understood on this machine",
    async (page) => {
      await page.locator(".composer textarea").fill("I");
      await page.getByRole("button", { name: "Dictate" }).click();
      await page.waitForFunction(() => document.querySelector(".composer textarea").value === "I said here");
      await page.getByRole("button", { name: "Stop dictation" }).click();
      await page.getByRole("button", { name: "Dictate" }).waitFor();
    },
    { script: `(${playRecognition})(true)` },
  );

  onPage(
    "is not offered where it would be sent elsewhere",
    async (page) => {
      await page.waitForTimeout(300);
      assert.equal(await page.getByRole("button", { name: "Dictate" }).count(), 0);
    },
    { script: `(${playRecognition})(false)` },
  );
});

/** Runs in the page: notifications that are collected in `sent`. */
function playNotifications() {
  window.sent = [];
  const sent = (title, { body }) => window.sent.push(`${title}: ${body}`);
  window.Notification = class extends EventTarget {
    static permission = "default";
    static requestPermission = async () => (window.Notification.permission = "granted");
    constructor(...options) {
      super();
      sent(...options);
    }
  };
  ServiceWorkerRegistration.prototype.showNotification = async (...options) => sent(...options);
}

/** A page whose next answer is thought about until `release` is called, with notifications and a clock that are played. */
async function openThinking() {
  let release;
  const until = new Promise((resolve) => (release = resolve));
  next = () => ({ events: stream({ thinking: "Hm, let me think about this.", answer: "Here it is.", hold: { after: 2, until } }) });
  const { context, page } = await openPage(browser, mock.url);
  await page.addInitScript(playNotifications);
  await page.clock.install();
  await page.reload();
  return { context, page, release };
}

/** Checks that one notification of the answer comes. */
async function isTold(page) {
  for (let tries = 0; tries < 200 && (await page.evaluate(() => window.sent.length)) === 0; tries += 1) await page.clock.runFor(100);
  assert.deepEqual(await page.evaluate(() => window.sent), ["Hard: Here it is."]);
}

describe("a long thought", () => {
  it("offers a notification once, and sends it when the reader is elsewhere", { timeout: 60_000 }, async () => {
    const { context, page, release } = await openThinking();
    assert.equal(await page.evaluate(() => window.Notification.permission), "default");
    await ask(page, "Hard");
    await page.locator(".thinking-head").waitFor();
    await page.clock.runFor(25_000);
    await page.getByRole("button", { name: "Notify me" }).click();
    await page.waitForFunction(() => window.Notification.permission === "granted");
    await page.evaluate(() => Object.defineProperty(document, "hidden", { value: true, configurable: true }));
    release();
    await isTold(page);
    assert.match(await page.title(), /^● Hard/);
    await context.close();
  });

  it("is told of when it ends in a chat that was left for another, though the tab is hidden for long", { timeout: 60_000 }, async () => {
    const { context, page, release } = await openThinking();
    await page.evaluate(() => window.Notification.requestPermission());
    await ask(page, "Hard");
    await page.locator(".thinking-head").waitFor();
    await page.locator(".row .pulse").waitFor();
    await page.locator(".new-chat").click();
    await page.locator(".answer").waitFor({ state: "detached" });
    await page.evaluate(() => {
      Object.defineProperty(document, "hidden", { value: true, configurable: true });
      Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    });
    await page.clock.runFor(40_000);
    release();
    await isTold(page);
    assert.match(await page.title(), /^● Fathom/);
    await context.close();
  });
});

describe("colours that the system chooses", () => {
  /** The colours of what is selected, of its neighbour, and of what the system selects. */
  const looks = (page, chosen, other) =>
    page.evaluate(([one, two]) => {
      const probe = document.body.appendChild(document.createElement("i"));
      probe.style.cssText = "forced-color-adjust: none; background: Highlight; color: HighlightText";
      const colors = (element) => [getComputedStyle(element).backgroundColor, getComputedStyle(element).color];
      const seen = { chosen: colors(document.querySelector(one)), other: colors(document.querySelector(two)), system: colors(probe) };
      probe.remove();
      return seen;
    }, [chosen, other]);

  for (const [state, pairs] of Object.entries({
    select: [[".row:has(input:checked)", ".row:not(:has(input:checked))"], [".find .select", ".brand .icon-button"], [".theme-switch [aria-pressed=true]", ".theme-switch [aria-pressed=false]"]],
    chat: [[".row.open", ".row:not(.open)"], [".pill[aria-pressed=true]", ".pill[aria-pressed=false]"]],
    general: [[".tabs [aria-selected=true]", ".tabs [aria-selected=false]"]],
    models: [[".models-option[aria-selected=true]", ".models-option[aria-selected=false]"]],
  })) {
    it(`tell what is selected: ${state}`, { timeout: 60_000 }, async () => {
      const { context, page } = await openState(browser, mock, state, { forcedColors: "active", colorScheme: "dark" });
      for (const [chosen, other] of pairs) {
        const seen = await looks(page, chosen, other);
        assert.deepEqual(seen.chosen, seen.system, chosen);
        assert.notEqual(seen.other[0], seen.system[0], other);
      }
      if (state === "chat") {
        await page.locator(".composer textarea").focus();
        assert.match(await page.locator(".composer").evaluate((box) => getComputedStyle(box).outlineStyle), /solid/);
        assert.match(await page.locator(".bubble").evaluate((box) => getComputedStyle(box).borderTopStyle), /solid/);
      }
      await context.close();
    });
  }
});
