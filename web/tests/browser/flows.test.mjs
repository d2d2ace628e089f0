/**
 * What people do with the page, in a real browser against a server process with the embedded model; where an answer
 * must say something certain, a scripted model of another server gives it. Needs FATHOM_PYTHON and PYTHONPATH.
 */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { after, before, describe, it } from "node:test";
import { ask, launch, openPage, watch } from "./browser.mjs";
import { pdf } from "./pdf.mjs";
import { startProcess } from "./process.mjs";
import { startUpstream } from "./upstream.mjs";

const SCRIPTED = "scripted@elsewhere";
const OPERA = "<title>The opera</title><article><p>The opera house at the harbour was opened in October 1959 after nine years of work.</p></article>";

let browser;
let server;
let upstream;
let says; // what the scripted model says next

before(async () => {
  upstream = await startUpstream((body) => (isTitle(body) ? { content: "A title" } : says(body)), { "/opera": OPERA });
  [browser, server] = await Promise.all([
    launch(),
    startProcess({ environment: { FATHOM_SEARCH_URL: upstream.url, FATHOM_WEB_ALLOWED_HOSTS: upstream.host } }),
  ]);
  await server.api("POST", "upstreams", { name: "elsewhere", base_url: upstream.url });
  await server.api("PATCH", "preferences", { run: { max_tokens: 24, temperature: 0 } });
});
after(async () => {
  await browser?.close();
  await server?.close();
  await upstream?.close();
});

const button = (page, name) => page.getByRole("button", { name, exact: true });
const box = (page) => page.getByRole("textbox", { name: "Message", exact: true });
const answer = (page) => page.locator(".answer").last();
const text = (page) => answer(page).locator(".prose").last().innerText();
const answered = (page) => answer(page).locator(".figures").waitFor();
const row = (page, title) => page.locator(".sidebar .row", { has: page.getByRole("link", { name: title, exact: true }) });
const isTitle = ({ messages }) => /title/i.test(JSON.stringify(messages.slice(-1)));
const opened = (page) => decodeURIComponent(page.url().split("#/c/")[1]);

/** A test on a fresh page, which must have nothing to complain about in the end. */
function onPage(name, test, options = {}) {
  it(name, { timeout: 120_000 }, async () => {
    const { context, page, complaints } = await openPage(browser, server.url, options);
    page.setDefaultTimeout(60_000);
    try {
      await test(page, context);
      assert.deepEqual(complaints, []);
    } finally {
      await context.close();
    }
  });
}

/** A new chat that the scripted model answers. */
async function openScripted(page, fields = {}) {
  const { settings, ...others } = fields;
  const chat = await server.api("POST", "conversations", { ...others, settings: { model: SCRIPTED, ...settings } });
  await page.evaluate((id) => (location.hash = `#/c/${id}`), chat.id);
  await page.locator(".model-name", { hasText: SCRIPTED }).waitFor();
  return chat.id;
}

/** All answers of a chat, the oldest first. */
async function answersOf(chat) {
  const { data } = await server.api("GET", `conversations/${chat}/tree`);
  return Promise.all(data.filter(({ role }) => role === "assistant").map(({ id }) => server.api("GET", `messages/${id}`)));
}

const states = async (chat) => (await answersOf(chat)).map(({ state }) => state);

/** Lets the scripted model answer the new chat, as a reader chooses it. */
async function useScripted(page) {
  await page.locator(".top .model").click();
  await page.getByRole("dialog").getByRole("option", { name: /scripted/ }).dblclick();
  await page.locator(".model-name", { hasText: SCRIPTED }).waitFor();
}

/** Waits until the last answer has grown beyond so many characters. */
const grows = (page, length) =>
  page.waitForFunction((least) => ([...document.querySelectorAll(".answer .prose")].at(-1)?.textContent.length ?? 0) > least, length);

describe("an answer", () => {
  onPage("streams, goes on over a reload, and is the same in a second tab", async (page, context) => {
    await ask(page, "What is a lighthouse?");
    await grows(page, 5);
    const half = await text(page);
    await page.reload();
    await grows(page, 5);
    const other = await context.newPage();
    await other.goto(page.url());
    await Promise.all([answered(page), answered(other)]);
    assert.equal(await text(page), await text(other));
    assert.ok((await text(page)).startsWith(half.trim()));
  });

  onPage("of two models comes side by side, and both go on over a reload", async (page) => {
    let release;
    const until = new Promise((resolve) => (release = resolve));
    says = () => ({ content: "The other model says that it goes on and on.", until });
    const chat = await server.api("POST", "conversations", { title: "Two", settings: { max_tokens: 150, temperature: 0.8, seed: 7 } });
    await page.evaluate((id) => (location.hash = `#/c/${id}`), chat.id);
    await page.getByRole("heading", { name: "Two" }).waitFor({ state: "attached" });
    await page.getByRole("button", { name: /^Tools and a second answer/ }).click();
    await page.getByRole("combobox", { name: /Second answer/ }).selectOption(SCRIPTED);
    await page.keyboard.press("Escape");
    await ask(page, "Tell me a long story of a lighthouse.");
    const sides = page.getByRole("dialog").locator(".compare-side");
    const left = () => sides.first().locator(".prose").innerText();
    const leftGrows = (least) =>
      page.waitForFunction((length) => (document.querySelector(".compare-side .prose")?.textContent.length ?? 0) > length, least);
    await sides.last().getByText("The other").waitFor();
    await leftGrows(20);
    const length = (await left()).length;
    await leftGrows(length); // both are being written
    assert.deepEqual(await states(chat.id), ["streaming", "streaming"]);

    await page.reload();
    await page.getByRole("button", { name: "Compare versions" }).click();
    await sides.last().getByText("The other").waitFor();
    await leftGrows(length);
    release();
    await sides.last().getByText("goes on and on.").waitFor();
    for (const until = Date.now() + 60_000; Date.now() < until && (await states(chat.id)).some((state) => state !== "done"); ) await page.waitForTimeout(200);
    const whole = (await answersOf(chat.id)).map(({ state, parts }) => [state, parts.map(({ text }) => text).join("")]);
    assert.deepEqual(whole.map(([state]) => state), ["done", "done"]);
    await leftGrows(whole[0][1].trim().length * 0.9); // Markdown's signs are not drawn
    assert.equal(await page.getByRole("dialog").getByRole("alert").count(), 0);
  });

  onPage("has branches: another answer, another question, and back", async (page, context) => {
    says = () => ({ content: "The first." });
    await openScripted(page, { title: "Branches" });
    await ask(page, "One?");
    await answer(page).getByText("The first.").waitFor();
    const other = await context.newPage();
    await other.goto(page.url());
    await answer(other).getByText("The first.").waitFor();
    says = () => ({ content: "The second." });
    await button(page, "Regenerate answer").click();
    await answer(page).getByText("The second.").waitFor();
    await answer(other).locator(".versions").getByText("2/2").waitFor();
    says = () => ({ content: "Of another question." });
    await page.locator(".question").hover();
    await button(page, "Edit message").click();
    await page.getByRole("textbox", { name: "Edit message" }).fill("Two?");
    await page.keyboard.press("Enter");
    await answer(page).getByText("Of another question.").waitFor();
    await page.locator(".question").hover();
    await page.locator(".question").getByRole("button", { name: "Previous version" }).click();
    await answer(page).getByText("The second.").waitFor();
    await answer(other).getByText("The second.").waitFor();
    await button(page, "Branches of this chat").click();
    await page.getByRole("dialog").getByText("The first.").click();
    await answer(other).getByText("The first.").waitFor();
    await page.reload();
    await answer(page).getByText("The first.").waitFor();
  });

  onPage("goes on by itself when the server was killed, with the text that it would have had", async (page) => {
    const run = { max_tokens: 70, temperature: 0.8, seed: 7 };
    const expected = await whole("Tell me a story of a lighthouse.", run);
    const chat = await server.api("POST", "conversations", { title: "Killed", settings: run });
    await page.evaluate((id) => (location.hash = `#/c/${id}`), chat.id);
    await page.getByRole("heading", { name: "Killed" }).waitFor({ state: "attached" });
    await ask(page, "Tell me a story of a lighthouse.");
    await grows(page, 20);
    await server.kill();
    await page.getByText("Fathom is not reachable.").first().waitFor();
    assert.ok((await text(page)).length > 20);
    await server.start();
    await answered(page);
    const { data } = await server.api("GET", `conversations/${chat.id}/messages`);
    assert.equal(data.at(-1).parts.at(-1).text, expected);
    assert.equal(await page.locator(".bubble").count(), 1);
    await page.locator(".banner").waitFor({ state: "detached" });
  });
});

/** The answer to a question that nothing interrupts. */
async function whole(question, run) {
  const { id } = await server.api("POST", "conversations", { temporary: true });
  const { answer: begun } = await server.api("POST", `conversations/${id}/messages`, { parent: null, text: question, run });
  for (;;) {
    const message = await server.api("GET", `messages/${begun.id}`);
    if (message.state === "done") return message.parts.at(-1).text;
    assert.ok(["waiting", "streaming"].includes(message.state), message.state);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe("a chat", () => {
  onPage("is renamed, pinned, found, deleted and taken back, also in the other tab", async (page, context) => {
    says = () => ({ content: "Zanzibar is an island." });
    const id = await openScripted(page, { title: "Islands" });
    await ask(page, "Which island?");
    await answer(page).getByText("Zanzibar is an island.").waitFor();
    const other = await context.newPage();
    await other.goto(server.url);
    await row(page, "Islands").hover();
    await button(page, "Rename Islands").click();
    await page.getByRole("textbox", { name: "Title of the chat" }).fill("Far islands");
    await page.keyboard.press("Enter");
    await row(other, "Far islands").waitFor();
    await row(page, "Far islands").hover();
    await button(page, "Pin Far islands").click();
    await other.getByRole("heading", { name: "Pinned" }).waitFor();
    await page.getByRole("searchbox", { name: "Search chats" }).fill("zanzibar");
    await page.locator(".hit mark").getByText("Zanzibar").waitFor();
    await page.locator(".hit a").click();
    await page.getByRole("searchbox", { name: "Search chats" }).fill("");
    await row(page, "Far islands").hover();
    await button(page, "Delete Far islands").click();
    await row(other, "Far islands").waitFor({ state: "detached" });
    await button(page, "Undo").click();
    await row(other, "Far islands").waitFor();
    await answer(page).getByText("Zanzibar is an island.").waitFor();
    assert.equal(opened(page), id);
  });

  onPage("comes in from ChatGPT, and goes out as a page without scripts", async (page, context) => {
    const message = (role, content) => ({ author: { role }, content: { content_type: "text", parts: [content] }, recipient: "all", create_time: 1_700_000_000 });
    const mapping = {
      a: { id: "a", parent: null, children: ["b"], message: message("user", "How does it end?") },
      b: { id: "b", parent: "a", children: [], message: message("assistant", "With $x^2$ and **stars** <script>document.title = 'owned'</script>.") },
    };
    const exported = JSON.stringify([{ id: "g1", title: "From elsewhere", create_time: 1_700_000_000, update_time: 1_700_000_100, current_node: "b", mapping }]);
    await button(page, "Settings").click();
    await page.getByRole("tab", { name: "Data", exact: true }).click();
    await page.getByRole("dialog").locator('input[type="file"]').first().setInputFiles({ name: "conversations.json", mimeType: "application/json", buffer: Buffer.from(exported) });
    await page.getByRole("dialog").getByText("1 chat added.").waitFor();
    await page.keyboard.press("Escape");
    await row(page, "From elsewhere").getByRole("link").click();
    await answer(page).locator("strong").getByText("stars").waitFor();
    await button(page, "Export chat").click();
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "HTML" }).click()]);
    const folder = mkdtempSync(join(tmpdir(), "fathom-export-"));
    const path = join(folder, download.suggestedFilename());
    assert.match(path, /\.html$/);
    await download.saveAs(path);
    const file = await context.newPage();
    const complaints = watch(file);
    const requests = [];
    file.on("request", (request) => requests.push(request.url()));
    await file.goto(pathToFileURL(path).href);
    await file.locator("strong").getByText("stars").waitFor();
    await file.getByText("How does it end?").first().waitFor();
    assert.match(await file.locator("meta[http-equiv]").first().getAttribute("content"), /default-src 'none'/);
    assert.equal(await file.locator("script").count(), 0);
    assert.match(await file.title(), /From elsewhere/);
    assert.deepEqual([complaints, requests.length], [[], 1]);
    rmSync(folder, { recursive: true });
  });

  onPage("in a project heeds its instructions, and what is remembered; the library has its texts", async (page) => {
    await server.api("POST", "memories", { text: "The user is called Grace." });
    await server.api("POST", "prompts", { name: "short", text: "In one word: {{what}}?" });
    let asked;
    says = (body) => ((asked = body), { content: "Aye." });
    await openScripted(page, { title: "At sea" });
    await row(page, "At sea").hover();
    await button(page, "More for At sea").click();
    await page.getByRole("dialog").getByRole("combobox", { name: /^Project/ }).selectOption("+");
    await page.getByRole("dialog").getByLabel("Name of the project").fill("Ships");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").getByRole("combobox", { name: /^Project/ }).locator("option:checked", { hasText: "Ships" }).waitFor({ state: "attached" });
    await button(page, "Done").click();
    await button(page, "Instructions and files of Ships").click();
    await page.getByRole("dialog").getByLabel("Instructions").fill("Speak as a sailor.");
    await page.keyboard.press("Tab");
    await page.waitForFunction(() => fetch("api/projects").then((response) => response.json()).then(({ data }) => data[0]?.instructions === "Speak as a sailor."));
    await page.keyboard.press("Escape");
    await box(page).fill("/sho");
    await page.getByRole("option", { name: "/short" }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").getByLabel("Fill in what").fill("Are you well");
    await button(page, "Insert").click();
    await box(page).press("Enter");
    await answer(page).getByText("Aye.").waitFor();
    const prompt = JSON.stringify(asked.messages);
    for (const part of ["Speak as a sailor.", "The user is called Grace.", "In one word: Are you well?"]) assert.ok(prompt.includes(part), part);
    await button(page, "New chat in Ships").click();
    await page.getByText("In the project “Ships”").waitFor();
    await useScripted(page);
    await ask(page, "And now?");
    await answer(page).getByText("Aye.").waitFor();
    assert.ok(JSON.stringify(asked.messages).includes("Speak as a sailor."));
    await page.locator(".sidebar .row.open").waitFor();
  });

  onPage("that is temporary is in no list and knows no memories, and is there over a reload", async (page, context) => {
    await server.api("POST", "memories", { text: "The user likes plums." });
    let asked;
    says = (body) => ((asked = body), { content: "Between us." });
    const other = await context.newPage();
    await other.goto(server.url);
    await button(page, "Temporary chat").click();
    await page.getByText("A temporary chat is in no list").waitFor();
    await useScripted(page);
    await ask(page, "A secret?");
    await answer(page).getByText("Between us.").waitFor();
    assert.ok(!JSON.stringify(asked.messages).includes("plums"));
    await page.reload();
    await answer(page).getByText("Between us.").waitFor();
    await page.locator(".top .temporary").waitFor();
    await page.getByRole("searchbox", { name: "Search chats" }).fill("secret");
    await page.getByText("Nothing found.").waitFor();
    await page.getByRole("searchbox", { name: "Search chats" }).fill("");
    for (const one of [page, other]) assert.equal(await one.locator(".sidebar .row", { hasText: "secret" }).count(), 0);
    await page.keyboard.press("Control+Alt+n");
    assert.equal(await button(page, "Temporary chat").getAttribute("aria-pressed"), "false");
  });
});

describe("a tool", () => {
  onPage("runs once it is allowed, and what is refused does not run", async (page) => {
    await server.api("PUT", "tools/calculator/policy", { policy: "ask" });
    says = ({ messages }) => {
      const result = messages.findLast(({ role }) => role === "tool" || role === "user");
      return result.role === "tool" ? { content: `It says: ${result.content}` } : { call: { name: "calculator", arguments: { expression: "6 * 7" } } };
    };
    await openScripted(page, { title: "Sums", settings: { tools: ["calculator"] } });
    await ask(page, "Six times seven?");
    await page.getByRole("group", { name: "The model wants to call this tool." }).waitFor();
    await page.reload();
    await button(page, "Allow once").click();
    await answer(page).getByText("It says: 42").waitFor();
    await ask(page, "Again?");
    await button(page, "Refuse").click();
    await answer(page).getByText(/It says: .*refused/i).waitFor();
    await page.locator(".tool-call.refused").waitFor();
  });

  onPage("of the search cites a page of a local site, with what it leans on", async (page) => {
    says = ({ messages }) => ({ content: /October 1959/.test(JSON.stringify(messages)) ? "It “was opened in October 1959” [1]." : "No source." });
    await openScripted(page, { title: "Opera" });
    await button(page, "Search").click();
    await ask(page, "When was the opera house opened?");
    await page.locator(".cite button").click();
    const card = page.locator(".cite-card:popover-open");
    await card.getByText("quote found in the page").waitFor();
    assert.match(await card.innerText(), /The opera[\s\S]*127\.0\.0\.1[\s\S]*quote found in the page/);
    assert.equal(upstream.queries.at(-1), "When was the opera house opened?");
  });

  onPage("is not needed to ask about a file, whose page is cited", async (page) => {
    says = ({ messages }) => ({ content: /fourth of May/.test(JSON.stringify(messages)) ? "It “is planned for the fourth of May” [1]." : "No file." });
    await openScripted(page, { title: "Report" });
    await page.locator("input[type=file]").first().setInputFiles({ name: "report.pdf", mimeType: "application/pdf", buffer: Buffer.from(pdf(["Revenue rose by nine percent.", "The launch is planned for the fourth of May."])) });
    await page.locator(".composer .file-chip").getByText(/\d+ tokens/).waitFor();
    await ask(page, "When is the launch?");
    await page.locator(".cite button").click();
    const card = page.locator(".cite-card:popover-open");
    await card.getByText("quote found in the page").waitFor();
    assert.match(await card.innerText(), /report\.pdf[\s\S]*quote found/);
    await page.keyboard.press("Escape");
    await page.locator(".sources").getByRole("button", { name: /report\.pdf/ }).first().click();
    await page.getByRole("dialog", { name: "report.pdf" }).locator("mark").getByText("is planned for the fourth of May").waitFor();
  });
});
