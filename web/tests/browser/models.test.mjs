/** Choosing a model, fetching one, adding a server: in a real browser over scripted answers. Run: npm run test:browser */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, beforeEach, describe, it } from "node:test";
import { ask, launch, openPage } from "./browser.mjs";
import { startMock, stream } from "./mock.mjs";

const AXE = await readFile(new URL("../../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

const ROW = {
  kind: "local", state: "available", stage: null, progress: null, error: null, licence: "apache-2.0", parameters: 596_049_920, bytes: 639_446_688, memory_bytes: 1_200_000_000, fits: true,
  tokens_per_second: null, thinking: false, tools: true, vision: false, context: 40_960, purpose: "", languages: "", origin: "pulled", served: false, removable: true,
}; // prettier-ignore
const row = (id, fields = {}) => ({ ...ROW, id, name: id, ...fields });

let browser;
let mock;
let rows; // what GET api/models answers
let upstreams;
let calls; // "POST qwen/download"
let refusal; // of the next POST to api/upstreams

before(async () => {
  browser = await launch();
  mock = await startMock(() => ({ events: stream({ answer: "Hello." }) }));
});
after(async () => {
  await browser?.close();
  await mock?.close();
});
beforeEach(() => {
  mock.reset();
  calls = [];
  upstreams = [];
  refusal = null;
  rows = [
    row("test-model", { state: "ready", served: true, origin: "embedded", removable: false }),
    row("thinker", { thinking: true, origin: "run", removable: false, tokens_per_second: 12.5 }),
    row("qwen", { kind: "recommended", state: "downloadable", thinking: true, purpose: "thinks if asked to", origin: null, removable: false }),
    row("huge", { kind: "recommended", state: "downloadable", fits: false, bytes: 688_600_000_000, origin: null, removable: false }),
    row("chat@Up", { kind: "upstream", state: "ready", bytes: null, memory_bytes: null, licence: null, parameters: null, origin: null, removable: false }),
  ];
});

async function answerModels(route) {
  const request = route.request();
  const action = decodeURIComponent(new URL(request.url()).pathname.replace(/^.*\/api\/models\/?/, ""));
  if (request.method() === "GET") return route.fulfill({ json: { data: rows, next: null } });
  calls.push(`${request.method()} ${action}`);
  const [id, verb] = [action.replace(/\/(download|load|measure)$/, ""), action.match(/\/(download|load|measure)$/)?.[1]];
  const change = (fields) => (rows = rows.map((one) => (one.id === id ? { ...one, ...fields } : one)));
  if (request.method() === "POST" && verb === "download") {
    if (rows.some((one) => one.id === id)) change({ state: "downloading", stage: "fetching", progress: 0.25 });
    else rows = [...rows, row(id, { kind: "recommended", state: "downloading", progress: 0 })];
  }
  if (request.method() === "DELETE" && verb === "download") change({ state: "downloadable", progress: 0.25, removable: true });
  if (verb === "measure") change({ tokens_per_second: 7 });
  return route.fulfill({ status: 202, json: {} });
}

async function answerUpstreams(route) {
  const request = route.request();
  if (request.method() === "GET") return route.fulfill({ json: { data: upstreams, next: null } });
  calls.push(`${request.method()} ${new URL(request.url()).pathname.replace(/^.*\/api\//, "")} ${request.postData() ?? ""}`.trim());
  if (refusal) return route.fulfill({ status: 422, json: { error: { message: refusal } } });
  if (request.method() === "PATCH") {
    for (const [name, vision] of Object.entries(request.postDataJSON().vision)) rows = rows.map((one) => (one.id === `${name}@Up` ? { ...one, vision } : one));
    return route.fulfill({ json: upstreams[0] });
  }
  if (request.method() === "DELETE") {
    upstreams = [];
    return route.fulfill({ status: 204 });
  }
  const added = { id: "1", name: "Up", base_url: "http://up/v1", key: "…cdef", models: [{ id: "chat@Up", name: "chat" }] };
  upstreams = [added];
  return route.fulfill({ status: 201, json: added });
}

function onPage(name, test, options = {}) {
  it(name, { timeout: 90_000 }, async () => {
    const { context, page, complaints } = await openPage(browser, mock.url, options);
    try {
      await page.route(/\/api\/models/, answerModels);
      await page.route(/\/api\/upstreams/, answerUpstreams);
      await test(page);
      assert.deepEqual(complaints, []);
    } finally {
      await context.close();
    }
  });
}

const badge = (page) => page.locator("header.top .model");
const option = (page, name) => page.getByRole("option", { name });
const button = (page, name) => page.getByRole("button", { name });
const search = (page) => page.getByRole("combobox");

async function openPicker(page) {
  await badge(page).click();
  await option(page, /thinker/).waitFor();
}

async function checkAxe(page) {
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => (await globalThis.axe.run(document)).violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`));
  assert.deepEqual(found, []);
}

describe("the picker", () => {
  onPage("chooses by keyboard, keeps the choice with the chat, and asks that model", async (page) => {
    await openPicker(page);
    assert.equal(await search(page).evaluate((field) => field === document.activeElement), true);
    await page.keyboard.press("ArrowDown");
    assert.match(await option(page, /thinker/).getAttribute("aria-selected"), /true/);
    assert.equal(await search(page).getAttribute("aria-activedescendant"), await option(page, /thinker/).getAttribute("id"));
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    assert.match(await badge(page).textContent(), /thinker/);
    await ask(page, "Hi");
    await page.getByText("Hello.", { exact: true }).waitFor();
    assert.equal(mock.assistant.requests.at(-1).model, "thinker");
    await page.reload();
    await page.getByText("Hello.", { exact: true }).waitFor();
    assert.match(await badge(page).textContent(), /thinker/);
  });

  onPage("finds by words, shows what is known, and filters", async (page) => {
    await openPicker(page);
    await option(page, /thinker/).click();
    const details = page.getByRole("region", { name: "About thinker" });
    assert.match(await details.textContent(), /apache-2\.0.*596M.*639 MB.*1\.2 GB.*40,960 tokens.*13 tokens\/s/s);
    await page.getByLabel("Only what fits this machine").check();
    assert.equal(await option(page, /huge/).count(), 0);
    await page.getByLabel("Only models that think").check();
    assert.equal(await page.getByRole("option").count(), 2);
    await search(page).fill("asked to");
    assert.equal(await page.getByRole("option").count(), 1);
    await search(page).fill("nonesuch");
    await page.getByText("No model is called that.").waitFor();
  });

  onPage("downloads with progress, cancels, and offers to resume", async (page) => {
    await openPicker(page);
    await option(page, /qwen/).click();
    await button(page, "Download 639 MB").click();
    await page.getByRole("progressbar").waitFor();
    assert.match(await option(page, /qwen/).textContent(), /downloading 25\s?%/);
    rows = rows.map((one) => (one.id === "qwen" ? { ...one, progress: 0.5 } : one));
    await page.getByText(/fetching 50\s?%/).waitFor();
    await button(page, "Cancel the download").click();
    await button(page, /Resume at 25/).waitFor();
    assert.deepEqual(calls, ["POST qwen/download", "DELETE qwen/download"]);
  });

  onPage("measures, and asks before files are deleted", async (page) => {
    rows = rows.map((one) => (one.id === "thinker" ? { ...one, removable: true, tokens_per_second: null } : one));
    await openPicker(page);
    await option(page, /thinker/).click();
    await button(page, "Measure its speed").click();
    await page.getByText("7.0 tokens/s").waitFor();
    await button(page, "Delete its files").click();
    await button(page, "Keep them").click();
    assert.deepEqual(calls, ["POST thinker/measure"]);
  });

  onPage("takes any repository", async (page) => {
    await openPicker(page);
    await search(page).fill("org/model:Q4_K_M");
    await button(page, "Fetch org/model:Q4_K_M from the hub").click();
    await option(page, /org\/model/).waitFor();
    assert.deepEqual(calls, ["POST org/model:Q4_K_M/download"]);
  });

  onPage("says why something failed", async (page) => {
    rows = rows.map((one) => (one.id === "qwen" ? { ...one, state: "failed", error: { message: "the disk is full", remedy: "free some space" } } : one));
    await openPicker(page);
    await option(page, /qwen/).click();
    await page.getByText("the disk is full — free some space").waitFor();
  });
});

describe("other servers", () => {
  onPage("are checked when they are added, and removed", async (page) => {
    await openPicker(page);
    await button(page, "Add a server").click();
    await page.getByLabel("Name").fill("Up");
    await page.getByLabel("Address").fill("http://up");
    await page.getByLabel("API key").fill("sk-secret");
    refusal = "Up does not accept the key; enter a valid key in its settings";
    await button(page, "Check and add").click();
    await page.getByRole("alert").getByText("does not accept the key").waitFor();
    assert.equal(await page.getByLabel("API key").inputValue(), "sk-secret");
    refusal = null;
    await button(page, "Check and add").click();
    await page.getByText("Up works.").waitFor();
    assert.equal(await page.getByLabel("API key").inputValue(), "");
    assert.match(await page.locator("dialog").getByRole("listitem").textContent(), /Up 1 model.*http:\/\/up\/v1 · …cdef/s);
    await button(page, "Remove Up").click();
    await page.locator("dialog").getByRole("listitem").waitFor({ state: "detached" });
    assert.equal(calls.at(-1), "DELETE upstreams/1");
  });
});

describe("pictures", () => {
  const PICTURE = { id: "p", name: "cat.png", media_type: "image/png", bytes: 9, sha256: "", state: "ready", error: null, tokens: 0, data: { passages: 0 }, created: 1 };
  const attach = async (page) => {
    await page.route(/\/api\/files/, (route) => route.fulfill({ status: route.request().method() === "POST" ? 201 : 200, json: PICTURE }));
    await page.locator("input[type=file]").first().setInputFiles({ name: "cat.png", mimeType: "image/png", buffer: Buffer.from("x") });
  };

  onPage("says that the model does not see them, and which one would; its switch is beside the model", async (page) => {
    upstreams = [{ id: "1", name: "Up", base_url: "http://up/v1", key: null, models: [{ id: "chat@Up", name: "chat" }] }];
    await attach(page);
    const note = page.locator(".picture-note");
    assert.equal(await page.locator(".file-chip .file-problem").count(), 0);
    await page.locator(".file-chip", { hasText: "9 B" }).waitFor();
    await note.getByText("test-model does not see pictures, only their names and sizes; none of the models here does").waitFor();
    await checkAxe(page);
    await note.getByRole("button", { name: "Models" }).click();
    await option(page, /chat@Up/).click();
    const sees = page.getByLabel("Sees pictures");
    assert.equal(await sees.isChecked(), false);
    await sees.check();
    await option(page, /chat@Up.*sees images/).waitFor();
    assert.deepEqual(calls, ['PATCH upstreams/1 {"vision":{"chat":true}}']);
    await checkAxe(page);
    await page.keyboard.press("Escape");
    await note.getByText("test-model does not see pictures, only their names and sizes; chat@Up would see them.").waitFor();
    await note.getByRole("button", { name: "Ask chat@Up" }).click();
    await note.getByText("chat@Up sees the pictures.").waitFor();
    assert.match(await badge(page).textContent(), /chat@Up/);
    await page.getByRole("button", { name: "Remove cat.png" }).click();
    assert.equal(await note.count(), 0);
  });
});

describe("no serious finding of axe", () => {
  for (const [name, options] of [
    ["on a desktop", {}],
    ["on a phone, dark", { viewport: { width: 390, height: 844 }, colorScheme: "dark" }],
  ]) {
    onPage(
      name,
      async (page) => {
        await openPicker(page);
        await option(page, /qwen/).click();
        await checkAxe(page);
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
        await button(page, "Add a server").click();
        await page.getByLabel("Name").waitFor();
        await checkAxe(page);
      },
      options,
    );
  }
});
