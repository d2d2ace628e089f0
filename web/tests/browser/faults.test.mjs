/**
 * What goes wrong around the page, in a real browser against server processes: a slow network and none, a server that is
 * killed while it thinks, a full disk, clocks that jump. Needs FATHOM_PYTHON and PYTHONPATH.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ask, launch, openPage } from "./browser.mjs";
import { PYTHON, SERVE, startProcess } from "./process.mjs";

const STORY = { max_tokens: 150, temperature: 0.8, seed: 7 };
const DAY_S = 24 * 3600;

let browser;
const folder = mkdtempSync(join(tmpdir(), "fathom-faults-"));

before(async () => {
  browser = await launch();
});
after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

const answer = (page) => page.locator(".answer").last();
const text = (page) => answer(page).locator(".prose").last().innerText();
const answered = (page) => answer(page).locator(".figures").waitFor();
const grows = (page, length) =>
  page.waitForFunction((least) => ([...document.querySelectorAll(".answer .prose, .growing")].at(-1)?.textContent.length ?? 0) > least, length);

/** Tests of one server. `use` gets it; each test has a page of its own, which must have nothing to complain about. */
function against(name, options, define) {
  describe(name, () => {
    let server;
    before(async () => {
      server = await startProcess(typeof options === "function" ? options() : options);
    });
    after(() => server?.close());
    define((title, test) =>
      it(title, { timeout: 120_000 }, async (t) => {
        const { context, page, complaints } = await openPage(browser, server.url);
        page.setDefaultTimeout(60_000);
        try {
          await test(page, server, context, t);
          assert.deepEqual(complaints, []);
        } finally {
          await context.close();
        }
      }),
    );
  });
}

/** Opens a new chat of the server's. */
async function openChat(page, server, fields) {
  const chat = await server.api("POST", "conversations", fields);
  await page.evaluate((id) => (location.hash = `#/c/${id}`), chat.id);
  await page.getByRole("heading", { name: fields.title, exact: true }).waitFor({ state: "attached" });
  return chat.id;
}

/** What the server has of the last message, as text. */
async function stored(server, chat) {
  const { data } = await server.api("GET", `conversations/${chat}/messages`);
  return data.at(-1).parts.map((part) => part.text).join("\n");
}

against("a network", {}, (onPage) => {
  onPage("that is slow brings the page, and the answer as it is written", async (page, server, context) => {
    const session = await context.newCDPSession(page);
    await session.send("Network.emulateNetworkConditions", { offline: false, latency: 400, downloadThroughput: 50_000, uploadThroughput: 20_000 });
    await session.send("Network.setCacheDisabled", { cacheDisabled: true });
    await page.reload();
    const chat = await openChat(page, server, { title: "Slow", settings: STORY });
    await ask(page, "Tell me a story of a lighthouse.");
    await grows(page, 5);
    assert.equal(await answer(page).getAttribute("aria-busy"), "true");
    await page.reload();
    await answered(page);
    assert.equal((await text(page)).replace(/\s+/g, " ").trim(), (await stored(server, chat)).replace(/\s+/g, " ").trim());
  });

  onPage("that is gone keeps what is written and asked until it is back", async (page, server, context) => {
    await page.evaluate(() => navigator.serviceWorker.ready);
    const chat = await openChat(page, server, { title: "Offline", settings: STORY });
    await ask(page, "Tell me a story of a lighthouse.");
    await grows(page, 5);
    await context.setOffline(true);
    await page.getByText("Fathom is not reachable.").first().waitFor();
    await ask(page, "And of a ship?");
    await page.getByRole("textbox", { name: "Message", exact: true }).fill("a draft");
    await page.reload();
    await page.getByText("Tell me a story of a lighthouse.").first().waitFor();
    await page.getByText("And of a ship?").first().waitFor();
    await context.setOffline(false);
    await page.locator(".answer").nth(1).locator(".figures").waitFor();
    assert.deepEqual(await page.locator(".bubble").allInnerTexts(), ["Tell me a story of a lighthouse.", "And of a ship?"]);
    assert.equal(await page.getByRole("textbox", { name: "Message", exact: true }).inputValue(), "a draft");
    const { data } = await server.api("GET", `conversations/${chat}/messages`);
    assert.deepEqual(data.map(({ state }) => state), ["done", "done", "done", "done"]);
    await page.locator(".banner").waitFor({ state: "detached" });
  });
});

against("a model that thinks", { command: ["-m", "tiny_server"] }, (onPage) => {
  onPage("goes on with its thought after a kill, in every tab, and the time goes on", async (page, server, context) => {
    const settings = { thinking: "budget", thinking_budget: 900, max_tokens: 1000, temperature: 0 };
    const whole = await openChat(page, server, { title: "Whole", settings });
    await ask(page, "Think about 6 and 7.");
    await answered(page);
    await openChat(page, server, { title: "Killed", settings });
    const other = await context.newPage();
    await other.goto(page.url());
    await ask(page, "Think about 6 and 7.");
    for (const one of [page, other]) await one.waitForFunction(() => (document.querySelector(".growing")?.textContent.length ?? 0) > 60);
    await server.kill();
    for (const one of [page, other]) await one.getByText("Fathom is not reachable.").first().waitFor();
    assert.ok((await page.locator(".growing").textContent()).length > 60);
    await server.start();
    for (const one of [page, other]) await answered(one);
    const killed = decodeURIComponent(page.url().split("#/c/")[1]);
    assert.equal(await stored(server, killed), await stored(server, whole));
    for (const one of [page, other]) assert.match(await answer(one).locator(".thinking-head").innerText(), /^Thought for \d+s/);
  });
});

describe("a full disk", () => {
  const place = join(folder, "disk");
  let mounted = false;
  let server;
  before(async () => {
    try {
      execFileSync("mkdir", [place]);
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=12m", "tmpfs", place], { stdio: "ignore" });
      mounted = true;
    } catch {
      return; // only root may
    }
    server = await startProcess({ folder: join(place, "data") });
  });
  after(async () => {
    await server?.close();
    if (mounted) execFileSync("umount", [place]);
  });

  it("is said, loses nothing, and is over when there is space again", { timeout: 120_000 }, async (t) => {
    if (!mounted) return t.skip("a small disk can be mounted by root only");
    const { context, page, complaints } = await openPage(browser, server.url);
    page.setDefaultTimeout(60_000);
    const chat = await openChat(page, server, { title: "Full", settings: STORY });
    await ask(page, "Tell me a story of a lighthouse.");
    await grows(page, 5);
    const ballast = join(place, "ballast");
    emptyLog(join(server.folder, "fathom.db"));
    fill(ballast);
    await page.locator(".banner").getByText("The disk is full").waitFor();
    await page.locator("input[type=file]").first().setInputFiles({ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.alloc(200_000, "word ") });
    await page.locator(".composer").getByText(/disk is full|no space/i).waitFor();
    await page.getByRole("button", { name: "Remove notes.txt" }).click();
    const other = await context.newPage();
    await other.goto(server.url);
    await other.locator(".banner").getByText("The disk is full").waitFor();
    await ask(other, "Is there room?");
    await other.locator(".outgoing").getByText("The disk is full").waitFor();
    rmSync(ballast);
    await answered(other);
    await answered(page);
    for (const one of [page, other]) await one.locator(".banner").waitFor({ state: "detached" });
    assert.equal((await text(page)).replace(/\s+/g, " ").trim(), (await stored(server, chat)).replace(/\s+/g, " ").trim());
    await page.reload();
    await answered(page);
    assert.deepEqual(complaints, []);
    await context.close();
    return undefined;
  });
});

/** Moves what the database's log holds into the database, so that it must grow again: a log never shrinks by itself. */
function emptyLog(database) {
  const code = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1], 30).execute('PRAGMA wal_checkpoint(TRUNCATE)').fetchall())";
  execFileSync(PYTHON, ["-c", code, database]);
}

/** Writes zeros until nothing more fits. */
function fill(path) {
  const file = openSync(path, "w");
  try {
    for (let size = 1 << 20; size >= 512; )
      try {
        writeSync(file, Buffer.alloc(size));
      } catch {
        size /= 2;
      }
  } finally {
    closeSync(file);
  }
}

const shift = join(folder, "shift");
against("a clock", () => {
  writeFileSync(shift, "0");
  return { command: ["-m", "shifted_server", shift, ...SERVE.slice(2)] };
}, (onPage) => {
  for (const [name, seconds] of [["forward", 2 * DAY_S], ["back", -2 * DAY_S]])
    onPage(`of the server that jumps ${name} leaves chats in order and answers whole`, async (page, server) => {
      writeFileSync(shift, "0");
      const chat = await openChat(page, server, { title: `Jump ${name}`, settings: { ...STORY, max_tokens: 60 } });
      await ask(page, "One?");
      await grows(page, 5);
      writeFileSync(shift, String(seconds));
      await answered(page);
      await ask(page, "Two?");
      await page.locator(".answer").nth(1).locator(".figures").waitFor();
      await server.kill();
      await server.start();
      await ask(page, "Three?");
      await page.locator(".answer").nth(2).locator(".figures").waitFor();
      assert.deepEqual(await page.locator(".bubble").allInnerTexts(), ["One?", "Two?", "Three?"]);
      const { data } = await server.api("GET", `conversations/${chat}/messages`);
      assert.deepEqual(data.map(({ state }) => state), Array(6).fill("done"));
      assert.ok(data.every(({ id }, index) => index === 0 || id > data[index - 1].id));
      await page.reload();
      await page.locator(".answer").nth(2).locator(".figures").waitFor();
    });

  onPage("of the browser that jumps changes nothing that the server measures", async (page, server) => {
    writeFileSync(shift, "0");
    await openChat(page, server, { title: "Jump here", settings: STORY });
    await page.clock.install();
    await ask(page, "One?");
    await grows(page, 5);
    await page.clock.setSystemTime(Date.now() + 30 * DAY_S * 1000);
    await answered(page);
    await ask(page, "Two?");
    await page.locator(".answer").nth(1).locator(".figures").waitFor();
    await page.clock.setSystemTime(Date.now() - 30 * DAY_S * 1000);
    await ask(page, "Three?");
    await page.locator(".answer").nth(2).locator(".figures").waitFor();
    assert.deepEqual(await page.locator(".bubble").allInnerTexts(), ["One?", "Two?", "Three?"]);
  });
});
