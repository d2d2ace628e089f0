/** The built page in a real browser, against a server whose answers are scripted. Run: npm run test:browser */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, beforeEach, describe, it } from "node:test";
import { ask, launch, openPage, watch } from "./browser.mjs";
import { startMock, stream } from "./mock.mjs";

const AXE = await readFile(new URL("../../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

const TOUR = `## A tour

It costs $5 or $6, but $E = mc^2$ is free. See [here](https://example.org).

- [x] done
- item

| a | b |
|---|--:|
| 1 | 2 |

\`\`\`python
def f(x):
    return x + 1
\`\`\`

$$x = \\frac{1}{2}$$
`;

/** What the tour leaves out, for the checks of accessibility. */
const MORE = `A claim[^1], <mark>marked</mark>, <kbd>Ctrl</kbd>, x<sub>2</sub>, \\boxed{42} and $\\nosuch{x}$.

<details><summary>More</summary>

Folded.

</details>

| a | b |
|---|---|
| 1 | 2 | 3 |

$$${"x + ".repeat(80)}x \\tag{1}$$

[^1]: The note.
`;

const HOSTILE = `<script>document.title = "owned"</script>

<img src="http://evil.test/a.png" onerror="document.title = 'owned'">

![x](http://evil.test/b.png) [click](javascript:document.title='owned')

<iframe src="http://evil.test/c"></iframe> <style>@import "http://evil.test/d.css";</style>

$\\href{javascript:alert(1)}{x}$ $\\includegraphics{http://evil.test/e.png}$ $\\def\\a{\\a\\a}\\a$
`;

let browser;
let mock;
let next; // the script of the next answer

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
  next = () => ({ events: stream({ thinking: "Hm, let me see.", answer: "Hello **there**." }) });
});

/** Runs a test on a fresh page, which must have nothing to complain about in the end. */
function onPage(name, test, options = {}) {
  it(name, { timeout: 60_000 }, async () => {
    const { context, page, complaints } = await openPage(browser, mock.url, options);
    try {
      await test(page, context);
      assert.deepEqual(complaints, []);
    } finally {
      await context.close();
    }
  });
}

const button = (page, name) => page.getByRole("button", { name, exact: true });
const answer = (page) => page.locator(".answer").last();
const answered = (page) => answer(page).locator(".figures").waitFor();

/** An answer that stops after some pieces until it is released. */
function heldAnswer(text, after, thinking = "") {
  let release;
  const until = new Promise((resolve) => {
    release = resolve;
  });
  next = () => ({ events: stream({ thinking, answer: text, hold: { after, until } }) });
  return release;
}

describe("a conversation", () => {
  onPage("streams thinking and answer, and counts them", async (page) => {
    await ask(page, "Hi");
    await answered(page);
    assert.equal(await answer(page).locator(".prose").last().innerText(), "Hello there.");
    assert.match(await answer(page).locator(".thinking-head").innerText(), /^Thought for \d+s\n3 tokens$/);
    assert.match(await answer(page).locator(".figures").innerText(), /^6 tokens/);
    const head = answer(page).locator(".thinking-head");
    if ((await head.getAttribute("aria-expanded")) === "true") await head.click(); // it was seen while it thought
    await head.click();
    assert.equal(await answer(page).locator(".thinking-text .prose").innerText(), "Hm, let me see.");
    assert.equal(mock.requests[0].thinking, "high");
    await button(page, "DeepThink").click();
    await ask(page, "Again");
    await page.locator(".figures").nth(1).waitFor();
    assert.equal(mock.requests[1].thinking, "off");
    assert.equal(mock.requests[1].messages.length, 3);
    assert.equal(await page.title(), "Hi · Fathom");
  });

  onPage("stops, and keeps what has come", async (page) => {
    heldAnswer("This goes on and on and on.", 2);
    await ask(page, "Go on");
    await answer(page).getByText("This goes on").waitFor();
    await button(page, "Stop").click();
    await answer(page).getByText("Stopped.").waitFor();
    assert.match(await answer(page).locator(".prose").innerText(), /^This goes on/);
    assert.deepEqual([...mock.assistant.runs.values()].map(({ state }) => state), ["stopped"]); // the server is told
  });

  onPage("goes on over a reload in the middle of an answer", async (page) => {
    const release = heldAnswer("This goes on and on and on.", 2);
    await ask(page, "Go on");
    await answer(page).getByText("This goes on").waitFor();
    await page.reload();
    await answer(page).getByText("This goes on").waitFor();
    release();
    await answered(page);
    assert.equal(await answer(page).locator(".prose").innerText(), "This goes on and on and on.");
    assert.equal(mock.requests.length, 1);
  });

  onPage("goes on where the connection broke, and loses nothing", async (page) => {
    const release = heldAnswer("Half of it, and the other half.", 2, "Hm. ".repeat(9));
    await ask(page, "Hi");
    await page.locator(".growing").getByText("Hm. Hm. Hm.").waitFor();
    mock.away = true;
    mock.assistant.disconnect();
    release();
    while (mock.assistant.runs.values().next().value.finished === null) await page.waitForTimeout(20);
    mock.away = false;
    await answered(page);
    assert.equal(await answer(page).locator(".prose").innerText(), "Half of it, and the other half.");
  });

  onPage("goes on from an answer that was stopped", async (page) => {
    heldAnswer("This goes on and on and on.", 2);
    await ask(page, "Go on");
    await answer(page).getByText("This goes on").waitFor();
    await button(page, "Stop").click();
    await answer(page).getByText("Stopped.").waitFor();
    next = ({ prefix }) => ({ events: stream({ answer: prefix.length === 1 ? ", and ends." : "" }) });
    await button(answer(page), "Continue").click();
    await answered(page);
    assert.match(await answer(page).locator(".prose").innerText(), /^This goes on?.*, and ends\.$/);
    assert.equal(await answer(page).locator(".versions").innerText(), "2/2");
  });

  onPage("shows the server's refusal, and tries again", async (page) => {
    next = () => ({ status: 400, body: { error: { message: "the prompt is too long" } } });
    await ask(page, "Hi");
    await page.getByRole("alert").getByText("The prompt is too long.").waitFor();
    next = () => ({ events: stream({ answer: "Fine." }) });
    await button(page, "Retry").click();
    await answer(page).getByText("Fine.").waitFor();
  });

  onPage("has versions: regenerate, edit, and back", async (page) => {
    await ask(page, "One");
    await answered(page);
    next = () => ({ events: stream({ answer: "Another." }) });
    await button(page, "Regenerate answer").click();
    await answer(page).getByText("Another.").waitFor();
    await answered(page);
    await button(page, "Previous version").click();
    await answer(page).getByText("Hello there.").waitFor();
    await page.locator(".question").hover();
    await button(page, "Edit message").click();
    await page.getByRole("textbox", { name: "Edit message" }).fill("Two");
    await page.keyboard.press("Enter");
    await answered(page);
    assert.equal(await page.locator(".bubble").innerText(), "Two");
    assert.deepEqual(mock.requests.at(-1).messages, [{ role: "user", content: "Two" }]);
    await button(page, "Previous version").click();
    await page.locator(".bubble").getByText("One").waitFor();
  });

  onPage("copies a message and a block of code", async (page, context) => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    next = () => ({ events: stream({ answer: TOUR }) });
    await ask(page, "Tour");
    await answered(page);
    await button(page, "Copy code").click();
    await button(page, "Copied").waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "def f(x):\n    return x + 1");
    await button(page, "Copy answer").click();
    await page.waitForFunction((text) => navigator.clipboard.readText().then((copied) => copied === text), TOUR);
  });
});

describe("what an answer looks like", () => {
  onPage("has formulae, colored code, tables and lists", async (page) => {
    next = () => ({ events: stream({ answer: TOUR }) });
    await ask(page, "Tour");
    await answered(page);
    await page.locator(".math.display .katex").waitFor();
    await page.locator(".hljs-keyword").first().waitFor();
    assert.equal(await page.locator(".math").count(), 2);
    assert.equal(await page.locator("td").last().innerText(), "2");
    assert.match(await page.locator(".prose p").first().innerText(), /^It costs \$5 or \$6, but/);
    const link = page.getByRole("link", { name: "here" });
    assert.equal(await link.getAttribute("rel"), "noopener noreferrer");
  });

  onPage("lets nothing hostile run or call out", async (page) => {
    const strangers = [];
    page.on("request", (request) => request.url().startsWith(mock.url) || strangers.push(request.url()));
    page.on("dialog", (dialog) => strangers.push(dialog.message()));
    next = () => ({ events: stream({ answer: HOSTILE }) });
    await ask(page, "Attack");
    await answered(page);
    await page.locator(".math.invalid").first().waitFor();
    await page.waitForTimeout(200);
    assert.deepEqual(strangers, []);
    assert.equal(await page.title(), "Attack · Fathom");
    assert.equal(await page.locator(".answer iframe, .answer img, .answer script, .answer style").count(), 0);
    assert.equal(await page.locator('.answer a:not([href^="http"])').count(), 0);
    assert.match(await answer(page).innerText(), /<script>document\.title = "owned"<\/script>/);
  });

  onPage("keeps the blocks that are done while the answer grows", async (page) => {
    const release = heldAnswer(`First block.\n\nSecond block.\n\nThird block.\n\n${"and more ".repeat(40)}`, 10);
    await ask(page, "Hi");
    const first = answer(page).locator(".prose p").first();
    await answer(page).getByText("Third block").waitFor();
    await first.evaluate((element) => {
      element.dataset.seen = "yes";
    });
    release();
    await answered(page);
    assert.equal(await first.getAttribute("data-seen"), "yes");
  });

  onPage("scrolls along until the reader scrolls away", async (page) => {
    const release = heldAnswer("A line.\n\n".repeat(120), 90);
    await ask(page, "Long");
    await page.waitForFunction(() => {
      const element = document.querySelector(".transcript");
      return element.scrollTop > 400 && element.scrollHeight - element.scrollTop - element.clientHeight < 2;
    });
    await page.locator(".transcript").hover();
    await page.mouse.wheel(0, -400);
    await button(page, "Scroll to the end").waitFor();
    const top = await page.locator(".transcript").evaluate((element) => element.scrollTop);
    release();
    await answered(page);
    assert.equal(await page.locator(".transcript").evaluate((element) => element.scrollTop), top);
    await button(page, "Scroll to the end").click();
    await button(page, "Scroll to the end").waitFor({ state: "detached" });
  });
});

describe("the model's state", () => {
  onPage("lets the first message wait for a model that loads", async (page) => {
    mock.health = { status: "loading", model: null, stage: "reading weights", progress: 0.4 };
    await page.reload();
    await page.getByText("The model is loading", { exact: true }).waitFor();
    assert.match(await page.locator(".model").innerText(), /reading weights 40%/);
    await ask(page, "Early");
    await answer(page).getByText("Your message is sent as soon as it is ready.").waitFor();
    assert.equal(mock.requests.length, 0);
    mock.health = { status: "ready", model: "mock-135m", capabilities: { thinking: false } };
    await answer(page).getByText("Hello there.").waitFor();
    assert.equal(mock.requests.length, 1);
    await button(page, "DeepThink").click(); // this model has no such switch
    await page.getByText("mock-135m was not trained to think").waitFor();
  });

  onPage("shows why a model could not be loaded, and the remedy", async (page) => {
    mock.health = { status: "failed", model: null, error: { message: "no such file: x.gguf", remedy: "run `fathom pull`" } };
    await page.reload();
    const alert = page.getByRole("alert");
    await alert.getByText("The model could not be loaded.").waitFor();
    assert.match(await alert.innerText(), /No such file: x\.gguf\. Run fathom pull\./);
    await ask(page, "Hi");
    await answer(page).getByText("This answer failed.").waitFor();
  });

  onPage("says when the server is gone, and comes back", async (page, context) => {
    await context.route("**/health", (route) => route.abort());
    await page.reload();
    await page.getByText("Fathom is not reachable.").waitFor();
    await context.unroute("**/health");
    await page.locator(".model.ready").waitFor();
    await page.getByText("Fathom is not reachable.").waitFor({ state: "detached" });
  });
});

describe("a server that asks for an API key", () => {
  beforeEach(() => {
    mock.key = "sk-right";
  });
  const prompt = (page) => page.getByRole("dialog", { name: "This server asks for an API key" });

  onPage("gets the key, which is kept and can be removed, and the message that waits for it", async (page) => {
    await prompt(page).waitFor(); // the chats are the server's
    assert.equal(await prompt(page).getByRole("alert").count(), 0);
    await prompt(page).getByLabel("API key").fill("sk-wrong");
    await page.keyboard.press("Enter");
    await prompt(page).getByText("The server did not accept that key.").waitFor();
    assert.equal(await prompt(page).getByLabel("API key").inputValue(), "");
    await prompt(page).getByLabel("API key").fill("sk-right");
    await button(prompt(page), "Send").click();
    await prompt(page).waitFor({ state: "detached" });
    await ask(page, "Hi");
    await answered(page);
    await page.reload();
    await ask(page, "Again");
    await page.locator(".figures").nth(1).waitFor();
    await button(page, "Settings").click();
    await button(page, "Remove key").click();
    assert.equal(await page.getByRole("dialog", { name: "Settings" }).getByLabel("API key").inputValue(), "");
    await page.keyboard.press("Escape");
    await ask(page, "Once more");
    await prompt(page).getByLabel("API key").fill("sk-right");
    await page.keyboard.press("Enter");
    await page.locator(".figures").nth(2).waitFor();
    assert.equal(mock.requests.length, 3);
  });

  onPage("keeps the message where the reader has none, and takes one in the settings", async (page) => {
    await prompt(page).waitFor();
    await page.keyboard.press("Escape");
    await ask(page, "Hi");
    await prompt(page).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("alert").getByText("The server asks for an API key.").waitFor();
    await button(page, "Settings").click();
    await prompt(page).waitFor();
    await page.keyboard.press("Escape");
    await prompt(page).waitFor({ state: "detached" });
    await page.getByRole("dialog", { name: "Settings" }).getByLabel("API key").fill("sk-right");
    await button(page, "Close settings").click();
    await button(page, "Retry").click();
    await answered(page);
  });
});

describe("the title", () => {
  for (const [question, title] of [
    ["```python\nprint(1)\n```\nWhat does it print?", "What does it print?"],
    ["# Heading question", "Heading question"],
  ]) {
    onPage(`has the words of ${JSON.stringify(question)}, then the model's own`, async (page) => {
      const release = heldAnswer("One.", 0);
      mock.assistant.title = "Printing One";
      await ask(page, question);
      await page.getByRole("link", { name: title }).waitFor();
      release();
      await page.getByRole("link", { name: "Printing One" }).waitFor();
      assert.equal(await page.title(), "Printing One · Fathom");
    });
  }
});

describe("the sidebar", () => {
  onPage("renames, deletes and brings back", async (page) => {
    await ask(page, "A first chat");
    await answered(page);
    await page.getByRole("link", { name: "A first chat" }).hover();
    await button(page, "Rename A first chat").click();
    await page.getByRole("textbox", { name: "Title of the chat" }).fill("Tides");
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: "Tides" }).waitFor();
    await page.getByRole("link", { name: "Tides" }).hover();
    await button(page, "Delete Tides").click();
    await page.getByRole("link", { name: "Tides" }).waitFor({ state: "detached" });
    await page.getByRole("heading", { level: 1 }).getByText("What shall we").waitFor();
    await button(page, "Undo").click();
    await page.getByRole("link", { name: "Tides" }).waitFor();
    assert.equal(await page.locator(".bubble").innerText(), "A first chat");
    await page.reload();
    assert.equal(await page.locator(".bubble").innerText(), "A first chat");
  });

  onPage("is the same in two tabs", async (page, context) => {
    const other = await context.newPage();
    const complaints = watch(other);
    await other.goto(mock.url);
    await ask(page, "From one");
    await other.getByRole("link", { name: "From one" }).waitFor();
    await ask(other, "From two");
    await page.getByRole("link", { name: "From two" }).waitFor();
    await answered(other);
    await other.getByRole("link", { name: "From one" }).click();
    await answer(other).getByText("Hello there.").waitFor();
    await ask(page, "More from one");
    await other.locator(".bubble").getByText("More from one").waitFor();
    await other.locator(".figures").nth(1).waitFor();
    await page.reload();
    await Promise.all([page.locator(".conversations a"), page.locator(".bubble")].map((two) => two.nth(1).waitFor())); // list and chat come each by itself
    assert.equal(await page.locator(".conversations a").count(), 2);
    assert.equal(await page.locator(".bubble").count(), 2);
    assert.deepEqual(complaints, []);
  });
});

describe("chats as files", () => {
  onPage("saves one as the server writes it, and sends one to it", async (page) => {
    await ask(page, "Tides & moons");
    await answered(page);
    await button(page, "Export chat").click();
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Markdown" }).click()]);
    assert.equal(file.suggestedFilename(), "chat.markdown");
    assert.equal(await readFile(await file.path(), "utf8"), "Tides & moons\n\nHello **there**.");
    await button(page, "Settings").click();
    await page.getByLabel("Import a file").setInputFiles({ name: "chats.json", mimeType: "application/json", buffer: Buffer.from('{"a": 1}') });
    await page.locator(".toast").getByText("Imported 1 chat.").waitFor();
    assert.deepEqual(mock.assistant.imports, ['{"a": 1}']);
  });
});

describe("keys and settings", () => {
  onPage("Shift+Enter breaks the line, Escape stops, Control+Alt+N opens a new chat", async (page) => {
    heldAnswer("This goes on and on.", 2);
    const box = page.getByRole("textbox", { name: "Message", exact: true });
    await box.pressSequentially("one");
    await page.keyboard.press("Shift+Enter");
    await box.pressSequentially("two");
    await page.keyboard.press("Enter");
    assert.equal(await page.locator(".bubble").innerText(), "one\ntwo");
    await answer(page).getByText("This goes").waitFor();
    await page.keyboard.press("Escape");
    await answer(page).getByText("Stopped.").waitFor();
    await page.keyboard.press("Control+Alt+n");
    await page.getByRole("heading", { name: "What shall we get to the bottom of?" }).waitFor();
    assert.equal(await box.evaluate((element) => element === document.activeElement), true);
  });

  onPage("leaves the keys of an input method to it, in Safari too", async (page) => {
    const box = page.getByRole("textbox", { name: "Message", exact: true });
    await box.fill("日");
    const press = (change) => box.evaluate((element, init) => element.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true, ...init })), change);
    assert.equal(await press({ isComposing: true, keyCode: 229 }), true); // nothing prevented: the method gets it
    assert.equal(await press({ isComposing: false, keyCode: 229 }), true);
    assert.equal(await box.inputValue(), "日");
    assert.equal(await page.locator(".bubble").count(), 0);
    await press({ keyCode: 13 });
    await answered(page);
    await page.locator(".question").hover();
    await button(page, "Edit message").click();
    const edit = page.getByRole("textbox", { name: "Edit message" });
    const compose = (key) => edit.evaluate((element, name) => element.dispatchEvent(new KeyboardEvent("keydown", { key: name, keyCode: 229, bubbles: true })), key);
    await compose("Escape");
    await compose("Enter");
    assert.equal(await edit.inputValue(), "日");
  });

  onPage("keeps the theme and sends the settings", async (page) => {
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await background();
    await button(page, "Settings").click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Custom instructions").fill("Be brief.");
    await page.keyboard.press("Tab");
    await dialog.getByLabel("Temperature").fill("0.3");
    await dialog.getByLabel("Maximum answer length").fill("50");
    await button(dialog, "Dark").click();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await page.reload();
    assert.notEqual(await background(), light);
    await ask(page, "Hi");
    await answered(page);
    const body = mock.requests[0];
    assert.deepEqual([mock.assistant.preferences.custom_instructions, body.temperature, body.max_tokens], ["Be brief.", 0.3, 50]);
  });
});

const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };

describe("on a phone", () => {
  onPage(
    "fits the width, and keeps the chats in a drawer",
    async (page) => {
      next = () => ({ events: stream({ answer: `${TOUR}\n\n${"unbreakable".repeat(40)}\n\n$$${"x + ".repeat(60)}x$$` }) });
      await ask(page, "Tour");
      await answered(page);
      await page.locator(".math.display .katex").first().waitFor();
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
      assert.equal(await page.locator(".transcript").evaluate((element) => element.scrollWidth), 360);
      await button(page, "Open sidebar").click();
      await page.getByRole("link", { name: "Tour" }).click();
      await page.locator(".veil").waitFor({ state: "detached" });
      await button(page, "Open sidebar").click();
      await page.touchscreen.tap(350, 400); // beside the drawer
      await page.locator(".veil").waitFor({ state: "detached" });
      await button(page, "Open sidebar").click();
      await page.keyboard.press("Escape");
      await page.locator(".veil").waitFor({ state: "detached" });
    },
    PHONE,
  );

  onPage(
    "keeps the end of the chat above the keyboard",
    async (page) => {
      next = () => ({ events: stream({ answer: "A line.\n\n".repeat(30), pace: 0 }) });
      await ask(page, "Long");
      await answered(page);
      await page.setViewportSize({ width: 360, height: 380 }); // what the keyboard leaves
      await page.waitForFunction(() => {
        const { scrollHeight, scrollTop, clientHeight } = document.querySelector(".transcript");
        return clientHeight < 340 && scrollHeight - scrollTop - clientHeight < 2;
      });
      const box = await page.getByRole("textbox", { name: "Message", exact: true }).boundingBox();
      assert.ok(box.y + box.height <= 380);
    },
    PHONE,
  );
});

describe("accessibility", () => {
  async function check(page) {
    await page.evaluate(AXE); // not as a script element: the content security policy allows none
    const violations = await page.evaluate(async () => {
      const result = await globalThis.axe.run(document, { resultTypes: ["violations"] });
      return result.violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes.map(({ target }) => target).join(" ")}`);
    });
    assert.deepEqual(violations, []);
  }

  for (const [name, options] of Object.entries({
    light: { colorScheme: "light" },
    dark: { colorScheme: "dark" },
    phone: { ...PHONE, colorScheme: "light" },
  })) {
    onPage(
      `${name}: no violation on any face of the page`,
      async (page) => {
        await page.locator(".model.ready").waitFor();
        await check(page);
        next = () => ({ events: stream({ thinking: "Hm.", answer: `${TOUR}\n\n${MORE}` }) });
        await ask(page, "Tour");
        await answered(page);
        await page.locator(".math.display[tabindex] .katex").waitFor();
        await page.locator(".hljs-keyword").first().waitFor();
        await answer(page).locator(".thinking-head").click();
        await check(page);
        await ask(page, "Once more"); // what one answer holds is no landmark of the page, so that it need not be unique
        await page.locator(".figures").nth(1).waitFor();
        await answer(page).locator(".thinking-head").click();
        await answer(page).locator(".math.display[tabindex] .katex").waitFor();
        await check(page);
        await button(page, "Export chat").click();
        await page.getByRole("button", { name: "Markdown For reading" }).waitFor();
        await check(page);
        await page.keyboard.press("Escape");
        next = () => ({ status: 500, body: { error: { message: "it broke" } } });
        await ask(page, "Fail");
        await page.getByRole("alert").waitFor();
        await check(page);
        if (name === "phone") await button(page, "Open sidebar").click();
        await button(page, "Settings").click();
        await page.getByRole("dialog").waitFor();
        await check(page);
        await button(page, "Close settings").click();
        mock.key = "sk-right";
        await ask(page, "Locked");
        await page.getByRole("dialog").getByLabel("API key").fill("sk-wrong");
        await page.keyboard.press("Enter");
        await page.getByText("The server did not accept that key.").waitFor();
        await check(page);
      },
      options,
    );
  }
});
