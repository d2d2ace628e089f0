/** Drafts, the queue, two pages, long chats and many of them, in a real browser. Run: npm run test:browser */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, beforeEach, describe, it } from "node:test";
import { ask, launch, openPage } from "./browser.mjs";
import { startMock, stream } from "./mock.mjs";

const AXE = await readFile(new URL("../../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

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
  mock.reset();
  next = () => ({ events: stream({ answer: "Hello **there**." }) });
});

function onPage(name, test, options = {}) {
  it(name, { timeout: 90_000 }, async () => {
    const { context, page, complaints } = await openPage(browser, mock.url, options);
    try {
      await test(page, context);
      assert.deepEqual(complaints, []);
    } finally {
      await context.close();
    }
  });
}

const box = (page) => page.getByRole("textbox", { name: "Message", exact: true });
const button = (page, name) => page.getByRole("button", { name, exact: true });
const answer = (page) => page.locator(".answer").last();
const open = (page, row) => page.evaluate((id) => (location.hash = `#/c/${id}`), row.id);
const turns = (count, text = "An answer.") => Array.from({ length: count }, (_, index) => [`Question ${index}`, `${text} ${index}`]);

function held(spec) {
  let release;
  const until = new Promise((resolve) => (release = resolve));
  next = () => ({ events: stream({ ...spec, hold: { after: spec.after, until } }) });
  return release;
}

/** Longest time in which the page did nothing else, while `work` was done. */
async function longestPause(page, work) {
  const observe = () => {
    globalThis.pauses = [];
    globalThis.observer = new PerformanceObserver((list) => globalThis.pauses.push(...list.getEntries().map(({ duration }) => duration)));
    globalThis.observer.observe({ entryTypes: ["longtask"] });
  };
  await page.addInitScript(observe);
  await page.evaluate(observe);
  await work();
  return page.evaluate(() => Math.max(0, ...globalThis.pauses));
}

describe("a draft", () => {
  onPage("is kept a chat, and over a reload", async (page) => {
    const [a, b] = [mock.assistant.seed({ title: "A", turns: turns(1) }), mock.assistant.seed({ title: "B", turns: turns(1) })];
    await box(page).fill("for none");
    await open(page, a);
    assert.equal(await box(page).inputValue(), "");
    await box(page).fill("for a");
    await open(page, b);
    await page.getByText("Question 0").waitFor();
    assert.equal(await box(page).inputValue(), "");
    await page.reload();
    await open(page, a);
    await page.waitForFunction(() => document.querySelector(".composer textarea").value === "for a");
    await page.keyboard.press("Control+Alt+n");
    assert.equal(await box(page).inputValue(), "for none");
    await page.keyboard.press("Enter");
    await answer(page).getByText("Hello there.").waitFor();
    await page.keyboard.press("Control+Alt+n");
    assert.equal(await box(page).inputValue(), "");
  });

  onPage("keeps how long to think, and sends it", async (page) => {
    await button(page, "How long to think").click();
    await page.getByRole("radio", { name: /Budget/ }).check();
    await page.getByLabel("Tokens of thinking").fill("512");
    await page.keyboard.press("Tab");
    await page.reload();
    await ask(page, "Hi");
    await answer(page).getByText("Hello there.").waitFor();
    assert.deepEqual([mock.requests[0].thinking, mock.requests[0].thinking_budget], ["budget", 512]);
  });
});

describe("a question", () => {
  onPage("is asked after a reload between its chat and itself, whichever chat is open then", async (page) => {
    await page.route("**/messages", (route) => (route.request().method() === "POST" ? undefined : route.continue())); // it never leaves
    await ask(page, "Lost?");
    await page.waitForFunction(() => location.hash.startsWith("#/c/"));
    await page.evaluate(() => (location.hash = ""));
    await page.unrouteAll({ behavior: "ignoreErrors" });
    await page.reload();
    await page.locator(".sidebar").getByText("Lost?").first().click();
    await answer(page).getByText("Hello there.").waitFor();
    assert.equal(mock.requests.length, 1);
  });
});

describe("a message while an answer comes", () => {
  onPage("waits, can be edited and removed, and is sent at the end", async (page) => {
    const release = held({ answer: "This goes on and on.", after: 2 });
    await ask(page, "One");
    await answer(page).getByText("This goes").waitFor();
    for (const text of ["Two", "Three", "Four"]) await ask(page, text);
    assert.deepEqual(await page.locator(".queue .chip > span").allInnerTexts(), ["Two", "Three", "Four"]);
    assert.equal(await page.locator(".bubble").count(), 1);
    await button(page, "Remove waiting message: Three").click();
    await button(page, "Edit waiting message: Four").click();
    assert.equal(await box(page).inputValue(), "Four");
    await page.reload();
    await page.locator(".queue").getByText("Two").waitFor();
    next = () => ({ events: stream({ answer: "Second." }) });
    release();
    await answer(page).getByText("Second.").waitFor();
    assert.deepEqual(await page.locator(".bubble").allInnerTexts(), ["One", "Two"]);
    assert.equal(await page.locator(".queue").count(), 0);
  });
});

describe("a server that is away", () => {
  onPage("gets the message when it is back, once, also after a reload", async (page, context) => {
    await page.locator(".model.ready").waitFor();
    mock.away = true;
    await ask(page, "Are you there?");
    await page.getByText("Your message is sent as soon as it is back.").waitFor();
    assert.equal(await page.locator(".bubble").innerText(), "Are you there?");
    await page.reload();
    await page.locator(".bubble").getByText("Are you there?").waitFor();
    mock.away = false;
    await answer(page).getByText("Hello there.").waitFor();
    assert.equal(await page.locator(".bubble").count(), 1);
    assert.equal(mock.requests.length, 1);
    assert.equal(context.pages().length, 1);
  });
});

describe("two pages", () => {
  onPage("see each other's answer as it comes", async (page, context) => {
    const release = held({ thinking: "Hm. Well.", answer: "At last.", after: 1 });
    await ask(page, "Hi");
    await page.locator(".growing").getByText("Hm.").waitFor();
    const other = await context.newPage();
    await other.goto(page.url());
    await other.locator(".growing").getByText("Hm.").waitFor();
    release();
    await answer(other).getByText("At last.").waitFor();
    next = () => ({ events: stream({ answer: "Again." }) });
    await button(page, "Regenerate answer").click();
    await answer(other).getByText("Again.").waitFor();
    await other.locator(".versions").getByText("2/2").waitFor();
    await button(other, "Previous version").click();
    await answer(page).getByText("At last.").waitFor();
  });

  onPage("close their stream where they are hidden and idle, and catch up", async (page) => {
    await page.locator(".model.ready").waitFor();
    await page.clock.install();
    const see = (state) =>
      page.evaluate((visible) => {
        Object.defineProperty(document, "visibilityState", { value: visible, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      }, state);
    while (mock.assistant.streams.size !== 1) await new Promise((resolve) => setTimeout(resolve, 10));
    await see("hidden");
    await page.clock.fastForward(20_000);
    while (mock.assistant.streams.size !== 0) await new Promise((resolve) => setTimeout(resolve, 10));
    mock.assistant.seed({ title: "Made elsewhere" });
    await see("visible");
    await page.getByRole("link", { name: "Made elsewhere" }).waitFor();
  });
});

describe("thinking", () => {
  onPage("stays in a pane of bounded height, which follows until the reader scrolls up in it", async (page) => {
    const release = held({ thinking: "A thought.\n\n".repeat(200), answer: "An answer.", after: 300, size: 6 });
    await ask(page, "Think");
    const pane = page.locator(".growing");
    await page.waitForFunction(() => {
      const element = document.querySelector(".growing");
      return element && element.scrollTop > 300 && element.scrollHeight - element.scrollTop - element.clientHeight < 2;
    });
    assert.ok((await pane.boundingBox()).height <= 362);
    await pane.hover();
    await page.mouse.wheel(0, -200);
    await page.waitForTimeout(100);
    const top = await pane.evaluate((element) => element.scrollTop);
    release();
    await answer(page).getByText("An answer.").waitFor();
    await page.locator(".figures").waitFor();
    assert.equal(await pane.evaluate((element) => element.scrollTop), top);
    assert.equal(await pane.isVisible(), true);
  });

  onPage("folds out of sight without moving what is read", async (page) => {
    const release = held({ thinking: "A thought.\n\n".repeat(60), answer: "A line.\n\n".repeat(100), after: 50, size: 12 });
    await ask(page, "Think");
    await page.locator(".growing").waitFor();
    release();
    await page.locator(".figures").waitFor();
    await page.locator(".thinking-head[aria-expanded=false]").waitFor({ state: "attached" });
    const place = () => page.locator(".prose p").nth(60).evaluate((element) => element.getBoundingClientRect().top);
    await page.locator(".transcript").evaluate((element) => element.scrollTo(0, 900));
    await page.waitForTimeout(200); // the page learns that it was scrolled
    const before = await place();
    await page.waitForTimeout(200);
    assert.equal(Math.round(await place()), Math.round(before));
  });

  onPage("can be ended, and changed and gone on from", async (page) => {
    const release = held({ thinking: "It is 3. No, 4.", answer: "Four.", after: 1 });
    await ask(page, "2 + 2");
    await button(page, "Answer now").click();
    while (![...mock.assistant.runs.values()][0].answerNow) await page.waitForTimeout(10);
    release();
    await page.locator(".figures").waitFor();
    if ((await page.locator(".thinking-head").getAttribute("aria-expanded")) === "false") await page.locator(".thinking-head").click();
    await button(page, "Edit thought").click();
    await page.getByRole("textbox", { name: "Edit thought" }).fill("It is surely 5");
    next = () => ({ events: stream({ thinking: ", yes.", answer: "Five." }) });
    await button(page, "Continue from here").click();
    await answer(page).getByText("Five.").waitFor();
    await page.locator(".versions").getByText("2/2").waitFor();
    assert.equal(mock.requests[1].prefix[0].text, "It is surely 5");
  });
});

describe("a model that cannot think", () => {
  onPage("says so and offers one that can", async (page) => {
    mock.health.capabilities = { thinking: false };
    mock.assistant.models = [
      { id: "mock-135m", name: "mock-135m", state: "ready", thinking: false },
      { id: "thinker", name: "Thinker 1B", state: "available", thinking: true },
      { id: "far", name: "Far 70B", state: "downloadable", thinking: true },
    ];
    await page.reload();
    await page.locator(".model.ready").waitFor();
    await button(page, "DeepThink").click();
    await page.getByText("mock-135m was not trained to think").waitFor();
    assert.equal(await button(page, "Far 70B").count(), 0);
    await button(page, "Thinker 1B").click();
    await page.keyboard.press("Escape");
    await ask(page, "Hi");
    await answer(page).getByText("Hello there.").waitFor();
    assert.deepEqual([mock.requests[0].model, mock.requests[0].thinking], ["thinker", "high"]);
    await page.reload();
    await page.locator('.pill[aria-pressed="true"]').waitFor();
  });
});

describe("long chats and many", () => {
  onPage("opens a chat of 1 000 messages at its end, finds and prints all of it", async (page) => {
    const row = mock.assistant.seed({ title: "Long", turns: turns(500, "Some **words** in an answer.\n\n- one\n- two\n\n") });
    await page.locator(".model.ready").waitFor();
    const took = await page.evaluate(async (id) => {
      const start = performance.now();
      location.hash = `#/c/${id}`;
      while (!document.querySelector(".answer .prose")) await new Promise((resolve) => requestAnimationFrame(resolve));
      return performance.now() - start;
    }, row.id);
    console.log(`# opened in ${Math.round(took)} ms`);
    await answer(page).getByText("499", { exact: false }).first().waitFor();
    await page.waitForFunction(() => document.querySelectorAll(".message").length === 1000);
    const { scrollTop, scrollHeight, clientHeight } = await page.locator(".transcript").evaluate((e) => ({ scrollTop: e.scrollTop, scrollHeight: e.scrollHeight, clientHeight: e.clientHeight }));
    assert.ok(scrollHeight - scrollTop - clientHeight < 2, "at the end");
    assert.ok((await page.locator(".message.far").count()) > 900);
    assert.match(await page.locator(".message.far").nth(14).textContent(), /Question 7/); // what the browser's own search looks at
    const pdf = (await page.pdf({ format: "A4" })).toString("latin1");
    assert.ok((pdf.match(/\/Type\s*\/Page\b(?!s)/g)?.length ?? 0) > 30);
  });

  onPage("scrolls through 2 000 messages", async (page) => {
    const row = mock.assistant.seed({ title: "Longer", turns: turns(1000, "Some **words** in an answer.\n\n- one\n- two\n\n") });
    const pause = await longestPause(page, async () => {
      await open(page, row);
      await page.waitForFunction(() => document.querySelectorAll(".message").length === 2000);
      await page.locator(".transcript").hover();
      for (let turn = 0; turn < 20; turn += 1) {
        await page.mouse.wheel(0, -1500);
        await page.waitForTimeout(30);
      }
      await page.locator(".transcript").evaluate((element) => element.scrollTo(0, 0));
      await page.getByText("Question 0", { exact: true }).waitFor();
    });
    console.log(`# longest pause ${Math.round(pause)} ms`);
  });

  onPage("keeps its place while older messages come", async (page) => {
    const row = mock.assistant.seed({ title: "Long", turns: turns(200) });
    await open(page, row);
    await page.waitForFunction(() => document.querySelectorAll(".message").length === 400);
    await page.locator(".transcript").hover();
    await page.mouse.wheel(0, -3000);
    const place = () => page.evaluate(() => {
      const top = document.querySelector(".transcript").getBoundingClientRect().top;
      const first = [...document.querySelectorAll(".message")].find((element) => element.getBoundingClientRect().bottom > top + 100);
      return [first.innerText.slice(0, 40), Math.round(first.getBoundingClientRect().top)];
    });
    let before = await place();
    for (let still = 0; still < 5; ) {
      await page.waitForTimeout(100); // the wheel's scrolling takes its time
      const now = await place();
      still = JSON.stringify(now) === JSON.stringify(before) ? still + 1 : 0;
      before = now;
    }
    await page.waitForTimeout(500);
    assert.deepEqual(await place(), before);
  });

  onPage("lists 10 000 chats, of which it draws what is seen", async (page) => {
    for (let index = 0; index < 10_000; index += 1) mock.assistant.seed({ title: `Chat ${index}`, updated: 1_700_000_000_000 + index });
    const pause = await longestPause(page, async () => {
      await page.reload();
      await page.getByRole("link", { name: "Chat 9999", exact: true }).waitFor();
      for (let turn = 0; turn < 40; turn += 1) {
        await page.locator(".conversations").evaluate((element) => element.scrollTo(0, element.scrollHeight));
        await page.waitForTimeout(20);
      }
    });
    console.log(`# longest pause ${Math.round(pause)} ms`);
    assert.ok((await page.locator(".conversations a").count()) < 80);
  });
});

describe("the sidebar", () => {
  onPage("pins, and finds words in titles and messages", async (page) => {
    mock.assistant.seed({ title: "Tides", turns: [["Why the moon?", "It pulls the water."]], updated: 1_000 });
    mock.assistant.seed({ title: "Bread", turns: [["How long?", "An hour."]] });
    await page.reload();
    await page.getByRole("link", { name: "Tides" }).hover();
    await button(page, "Pin Tides").click();
    await page.getByRole("heading", { name: "Pinned" }).waitFor();
    assert.equal(await page.locator(".conversations a").first().innerText(), "Tides");
    await page.getByRole("searchbox", { name: "Search chats" }).fill("the water");
    await page.locator(".hit mark").getByText("the water").waitFor();
    await page.locator(".hit a").click();
    await answer(page).getByText("It pulls the water.").waitFor();
    await page.getByRole("searchbox", { name: "Search chats" }).fill("nowhere");
    await page.getByText("Nothing found.").waitFor();
  });
});

describe("accessibility", () => {
  async function check(page, state) {
    await page.evaluate(AXE);
    const violations = await page.evaluate(async () => {
      const result = await globalThis.axe.run(document, { resultTypes: ["violations"] });
      return result.violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes.map(({ target }) => target).join(" ")}`);
    });
    assert.deepEqual(violations, [], state);
  }

  for (const [name, options] of Object.entries({
    desktop: { colorScheme: "light" },
    phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, colorScheme: "dark" },
  })) {
    onPage(
      `${name}: no violation while it thinks, in menus, dialogs and results`,
      async (page) => {
        mock.assistant.collections.projects.set("p", { id: "p", name: "Garden", instructions: "", created: 1, updated: 1 });
        mock.assistant.seed({ title: "Roses", turns: [["Roses?", "Red."]], project: "p" });
        mock.assistant.seed({ title: "Tides", turns: [["Why?", "The moon."]], pinned: true });
        await page.reload();
        const release = held({ thinking: "A thought. ".repeat(60), answer: "The end.", after: 60 });
        await ask(page, "Think");
        await page.locator(".growing").waitFor();
        await ask(page, "Then this");
        await page.locator(".queue").waitFor();
        await check(page, "thinking");
        release();
        next = () => ({ events: stream({ answer: "Second." }) });
        await page.locator(".prose").getByText("Second.").waitFor();
        await page.locator(".figures").nth(1).waitFor();
        await button(page, "Regenerate answer").last().click();
        await page.locator(".versions").waitFor();
        await button(page, "How long to think").click();
        await check(page, "levels");
        await page.keyboard.press("Escape");
        await button(page, "Compare versions").click();
        await page.locator(".compare-side .prose").nth(1).waitFor();
        await check(page, "compare");
        await page.keyboard.press("Escape");
        await button(page, "Branches of this chat").click();
        await page.locator(".tree-line").nth(3).waitFor();
        await check(page, "tree");
        await page.keyboard.press("Escape");
        if (name === "phone") await button(page, "Open sidebar").click();
        await page.getByRole("searchbox").fill("moon");
        await page.locator(".hit").waitFor();
        await check(page, "results");
        await page.getByRole("searchbox").fill("");
        await page.getByRole("link", { name: "Tides" }).hover();
        await button(page, "More for Tides").click();
        await page.getByRole("dialog").waitFor();
        await check(page, "a chat");
        await page.keyboard.press("Escape");
        mock.away = true;
        mock.assistant.disconnect();
        await ask(page, "Are you there?");
        await page.getByText("Fathom is not reachable.").waitFor();
        await check(page, "away");
      },
      options,
    );
  }
});

describe("choosing several chats", () => {
  const seed = () => {
    mock.assistant.collections.projects.set("p1", { id: "p1", name: "Sailing", instructions: "", created: 1, updated: 1 });
    for (let index = 0; index < 5; index += 1) mock.assistant.seed({ title: `Chat ${index}`, turns: turns(1), updated: Date.now() - index * 1000 });
    return [...mock.assistant.rows.values()];
  };
  const check = (page, title) => page.getByRole("checkbox", { name: title });
  const count = (page) => page.getByRole("group", { name: "Selected chats" }).locator("span");

  for (const [name, options] of [["desktop", {}], ["phone, dark", { viewport: { width: 390, height: 844 }, colorScheme: "dark" }]]) {
    onPage(
      `deletes them together, and takes that back (${name})`,
      async (page) => {
        const rows = seed();
        await page.reload();
        await open(page, rows[2]);
        await page.locator(".answer").waitFor();
        if (options.viewport) await button(page, "Open sidebar").click();
        await button(page, "Select chats").click();
        assert.ok(await button(page, "Delete selected chats").isDisabled());
        await check(page, "Chat 1").click();
        await check(page, "Chat 3").click({ modifiers: ["Shift"] });
        assert.equal(await count(page).innerText(), "3 selected");
        await page.evaluate(AXE);
        const { violations } = await page.evaluate(() => globalThis.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"] }));
        assert.deepEqual(violations.map(({ id, nodes }) => `${id} ${nodes[0].html}`), []);
        await button(page, "Delete selected chats").click();
        await page.locator(".toast", { hasText: "Deleted 3 chats" }).waitFor();
        assert.equal(await page.evaluate(() => location.hash), "#/");
        assert.deepEqual(rows.map(({ deleted }) => deleted !== null), [false, true, true, true, false]);
        await button(page, "Undo").click();
        await page.locator(".answer").waitFor(); // the open one is open again
        assert.deepEqual(rows.map(({ deleted }) => deleted), Array(5).fill(null));
      },
      options,
    );
  }

  onPage("is done with the keyboard alone, and said", async (page) => {
    const rows = seed();
    await page.reload();
    await page.locator('.row a[href^="#/c/"]').nth(4).waitFor();
    await button(page, "Select chats").focus();
    await page.keyboard.press("Enter");
    await check(page, "Chat 0").focus();
    await page.keyboard.press("Space");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Space");
    await page.getByRole("status").filter({ hasText: "2 selected" }).waitFor();
    await button(page, "Move selected chats to a project").focus();
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: "Move 2 chats" });
    await dialog.getByRole("combobox").selectOption({ label: "New project…" });
    await dialog.getByLabel("Name of the project").fill("Tides");
    await page.keyboard.press("Enter");
    await button(page, "Instructions and files of Tides").waitFor();
    await page.waitForFunction(() => document.activeElement?.getAttribute("aria-label") === "Select chats");
    const [id] = [...mock.assistant.collections.projects.values()].filter(({ name }) => name === "Tides").map((project) => project.id);
    await page.locator(".row:not(.project)").nth(4).waitFor();
    assert.deepEqual(rows.map(({ project }) => project), [id, null, id, null, null]);
    await page.keyboard.press("Enter");
    await button(page, "All").click();
    assert.equal(await count(page).innerText(), "5 selected");
    await page.keyboard.press("Escape");
    await count(page).waitFor({ state: "detached" });
    await page.waitForFunction(() => document.activeElement?.getAttribute("aria-label") === "Select chats");
  });

  onPage("says what the server refuses; what went before can be taken back", async (page) => {
    const rows = seed();
    await page.reload();
    await button(page, "Select chats").click();
    await button(page, "All").click();
    await page.route(`**/api/conversations/${rows[1].id}`, (route) => route.fulfill({ status: 503, json: { error: { message: "the disk is full", remedy: "free some space" } } }));
    await button(page, "Delete selected chats").click();
    await page.locator(".toast", { hasText: "Deleted 1 chat. the disk is full. free some space" }).waitFor();
    await button(page, "Undo").click();
    await page.locator('.row a[href^="#/c/"]', { hasText: "Chat 0" }).waitFor();
    assert.deepEqual(rows.map(({ deleted }) => deleted), Array(5).fill(null));
  });
});

describe("an input method's Enter and Escape", () => {
  /** A key as browsers report it in a composition, and as Safari does after it; whether the browser may act on it. */
  const press = (page, field, key) =>
    field.evaluate((element, name) => [true, false].map((isComposing) => element.dispatchEvent(new KeyboardEvent("keydown", { key: name, keyCode: 229, isComposing, bubbles: true, cancelable: true }))), key);

  onPage("neither empties the search, nor ends renaming, nor makes a project, nor sends a form, nor closes a dialog", async (page) => {
    mock.assistant.seed({ title: "Chat", turns: turns(1) });
    await page.reload();
    const row = page.locator(".row").first();
    const search = page.getByRole("searchbox", { name: "Search chats" });
    await search.fill("ni");
    await press(page, search, "Escape");
    assert.equal(await search.inputValue(), "ni");
    await search.press("Escape");
    assert.equal(await search.inputValue(), "");

    await row.hover();
    await row.getByRole("button", { name: "Rename Chat" }).click();
    const rename = page.getByRole("textbox", { name: "Title of the chat" });
    await rename.fill("你好");
    await press(page, rename, "Enter");
    await press(page, rename, "Escape");
    assert.ok(await rename.isVisible());
    await rename.press("Enter");
    await row.locator("a", { hasText: "你好" }).waitFor();

    await row.hover();
    await row.getByRole("button", { name: /^More for/ }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("combobox").selectOption({ label: "New project…" });
    const name = dialog.getByLabel("Name of the project");
    await name.fill("hanghai");
    assert.deepEqual(await press(page, name, "Enter"), [false, false]); // nothing is sent
    assert.deepEqual(await press(page, name, "Escape"), [true, false]); // the method's; Safari would close the dialog
    assert.equal(mock.assistant.collections.projects.size, 0);
    assert.ok(await name.isVisible());
    await name.fill("航海");
    await name.press("Enter");
    await page.waitForFunction(() => [...document.querySelectorAll("dialog option")].some(({ textContent }) => textContent === "航海"));
  });
});
