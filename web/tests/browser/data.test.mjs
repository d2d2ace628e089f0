/** Chats in and out, memories, prompts, shares and projects, against a real server at FATHOM_URL. */

import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { launch, openPage } from "./browser.mjs";

const { FATHOM_URL } = process.env;
assert.ok(FATHOM_URL, "set FATHOM_URL to the address of a server");

const TITLE = `Rivers ${Date.now()}`; // new to the server, also when the test runs again
const EXPORT = JSON.stringify([
  {
    id: TITLE,
    title: TITLE,
    inserted_at: "2025-03-30T04:49:36+08:00",
    updated_at: "2025-03-30T04:50:29+08:00",
    mapping: {
      1: { message: { fragments: [{ type: "REQUEST", content: "Name a river" }], inserted_at: "2025-03-30T04:49:36+08:00" } },
      2: { parent: "1", message: { fragments: [{ type: "THINK", content: "Hm." }, { type: "RESPONSE", content: "The **Rhine**." }], inserted_at: "2025-03-30T04:49:37+08:00" } },
    },
  },
  { id: "d2", title: "Broken", inserted_at: 1, mapping: {} },
]);

let browser;
let context;
let page;
let complaints;

before(async () => {
  browser = await launch();
  ({ context, page, complaints } = await openPage(browser, FATHOM_URL));
  page.setDefaultTimeout(20_000);
});
after(async () => {
  await context?.close();
  await browser?.close();
});

const button = (name, within = page) => within.getByRole("button", { name, exact: true });
const dialog = () => page.getByRole("dialog");

async function openTab(name) {
  await button("Settings").click();
  await dialog().getByRole("tab", { name, exact: true }).click();
}

async function closeDialog() {
  await page.keyboard.press("Escape");
  await dialog().waitFor({ state: "detached" });
}

async function importFile(text) {
  await dialog().locator('input[type="file"]').first().setInputFiles({ name: "conversations.json", mimeType: "application/json", buffer: Buffer.from(text) });
}

it("imports an export once, and says what it could not read", async () => {
  await openTab("Data");
  await importFile(EXPORT);
  await dialog().getByText("1 chat added.").waitFor();
  await dialog().getByText("1 chat could not be imported").click();
  await dialog().getByText("the conversation is empty").waitFor();
  await importFile(EXPORT);
  await dialog().getByText("1 chat was here already.").waitFor();
  await importFile("hello");
  await dialog().getByRole("alert").getByText("not JSON that holds conversations").waitFor();
  await closeDialog();
  await page.getByText(TITLE).first().click();
  await page.locator(".answer strong").getByText("Rhine").waitFor();
});

it("shares a chat by a link that shows it without scripts, until it is revoked", async () => {
  await button("Export chat").click();
  await page.getByText("A page for others to read").click();
  await button("Create a link", dialog()).click();
  const address = await dialog().getByRole("link").getAttribute("href");
  const other = await context.newPage();
  await other.goto(address);
  await other.locator("strong").getByText("Rhine").waitFor();
  assert.equal(await other.locator("script").count(), 0);
  assert.notEqual(await other.evaluate(() => getComputedStyle(document.querySelector("main")).maxWidth), "none", "its style applies under its policy");
  await button("Revoke", dialog()).click();
  await button("Really delete?", dialog()).click();
  await dialog().getByRole("link").waitFor({ state: "detached" });
  assert.equal((await other.reload()).status(), 404);
  await other.close();
  await closeDialog();
});

it("keeps memories that can be edited and forgotten", async () => {
  await openTab("Memory");
  await dialog().getByLabel("New memory").fill("The user is Ada.");
  await button("Add", dialog()).click();
  const memory = dialog().getByRole("textbox", { name: "Memory", exact: true });
  await memory.fill("The user is Grace.");
  await memory.press("Tab");
  await page.waitForFunction(() => fetch("api/memories").then((response) => response.json()).then(({ data }) => data[0]?.text === "The user is Grace."));
  await button("Forget: The user is Grace.", dialog()).click();
  await button("Really delete?", dialog()).click();
  await dialog().getByText("There are no memories.").waitFor();
  await closeDialog();
});

it("offers prompts after a slash, and asks for their variables", async () => {
  await openTab("Prompts");
  const form = dialog().locator("form");
  await form.getByLabel("Name").fill("translate");
  await form.getByLabel("Text").fill("Translate into {{language}}: hello");
  await button("Add", form).click();
  await dialog().locator(".rows li").waitFor();
  await closeDialog();
  const area = page.getByRole("textbox", { name: "Message" });
  await area.fill("/tra");
  await page.getByRole("option", { name: "/translate" }).waitFor();
  await area.press("Enter");
  await dialog().getByLabel("Fill in language").fill("French");
  await button("Insert", dialog()).click();
  assert.equal(await area.inputValue(), "Translate into French: hello");
  await area.fill("");
});

it("takes chats out of the trash", async () => {
  await page.evaluate(async (title) => {
    const { data } = await (await fetch("api/conversations")).json();
    await fetch(`api/conversations/${data.find((row) => row.title === title).id}`, { method: "DELETE" });
  }, TITLE);
  await openTab("Data");
  await button(`Restore: ${TITLE}`, dialog()).click();
  await button(`Restore: ${TITLE}`, dialog()).waitFor({ state: "detached" });
  await closeDialog();
});

it("does all this without a complaint of the browser", () => {
  assert.deepEqual(complaints, []);
});
