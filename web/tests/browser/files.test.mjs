/** Files on the page, against a real server at FATHOM_URL: attach, drop, paste, read, refuse, remove, reload, cite. */

import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, it } from "node:test";
import axe from "axe-core";
import { launch, openPage } from "./browser.mjs";
import { pdf } from "./pdf.mjs";

const { FATHOM_URL } = process.env;
assert.ok(FATHOM_URL, "set FATHOM_URL to the address of a server");

const folder = mkdtempSync(join(tmpdir(), "fathom-files-"));
const put = (name, content) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const report = put("report.pdf", pdf(["Quarterly report: revenue rose by nine percent.", "The launch is planned for the fourth of May."]));
const table = put("prices.csv", "name;price\napple;1,20\npear;2,50\n");
const broken = put("broken.pdf", "%PDF-1.7\nnothing");
const archive = put("many.zip", Buffer.from("504b0506000000000000000000000000000000000000", "hex"));

let browser;
let context;
let page;
let complaints;

before(async () => {
  browser = await launch();
});
beforeEach(async () => {
  await context?.close();
  ({ context, page, complaints } = await openPage(browser, FATHOM_URL));
  page.setDefaultTimeout(60_000);
});
after(async () => {
  await context?.close();
  await browser?.close();
});

const chip = (name) => page.locator(".composer .file-chip", { hasText: name });
const attach = (...paths) => page.locator("input[type=file]").first().setInputFiles(paths);

it("reads what is attached, and shows its tokens and its text by page", async () => {
  await attach(report, table);
  await chip("report.pdf").getByText(/\d+ tokens/).waitFor();
  await chip("prices.csv").getByText(/\d+ tokens/).waitFor();
  await chip("report.pdf").getByRole("button", { name: /report\.pdf/ }).first().click();
  const panel = page.getByRole("dialog", { name: "report.pdf" });
  await panel.getByText("The launch is planned for the fourth of May.").waitFor();
  assert.deepEqual(await panel.getByRole("heading", { level: 3 }).allInnerTexts(), ["Page 1", "Page 2"]);
  assert.deepEqual(await violations(), []);
  await page.keyboard.press("Escape");
  await panel.waitFor({ state: "detached" });
  await chip("prices.csv").getByRole("button", { name: /prices\.csv/ }).first().click();
  await page.getByRole("dialog", { name: "prices.csv" }).getByRole("cell", { name: "2,50" }).waitFor();
  assert.deepEqual(complaints, []);
});

it("keeps the files of a draft over a reload, until they are removed", async () => {
  await attach(table);
  await chip("prices.csv").getByText(/\d+ tokens/).waitFor();
  await page.reload();
  await chip("prices.csv").getByText(/\d+ tokens/).waitFor();
  await page.getByRole("button", { name: "Remove prices.csv" }).click();
  await chip("prices.csv").waitFor({ state: "detached" });
  await page.reload();
  await page.getByRole("textbox", { name: "Message", exact: true }).waitFor();
  assert.equal(await chip("prices.csv").count(), 0);
});

it("says why a file cannot be read", async () => {
  await attach(broken, archive);
  await chip("broken.pdf").getByText("the PDF is damaged").waitFor();
  await chip("many.zip").getByText("unpack it and attach its files").waitFor();
  assert.deepEqual(await violations(), []);
});

it("takes files that are dropped anywhere, and pictures that are pasted", async () => {
  const transfer = await page.evaluateHandle(() => {
    const data = new DataTransfer();
    data.items.add(new File(["dropped text"], "dropped.txt", { type: "text/plain" }));
    return data;
  });
  await page.dispatchEvent(".page", "dragenter", { dataTransfer: transfer });
  await page.locator(".drop-veil").waitFor();
  await page.dispatchEvent(".page", "dragover", { dataTransfer: transfer });
  await page.dispatchEvent(".page", "drop", { dataTransfer: transfer });
  await page.locator(".drop-veil").waitFor({ state: "detached" });
  await chip("dropped.txt").getByText(/\d+ token/).waitFor();
  await page.evaluate(async () => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 4;
    canvas.getContext("2d").fillRect(0, 0, 4, 4);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve));
    const data = new DataTransfer();
    data.items.add(new File([blob], "image.png", { type: "image/png" }));
    window.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  });
  await chip("image.png").getByText("is read only with OCR").waitFor();
});

it("shows the files of a question in the transcript", async () => {
  await attach(report);
  await chip("report.pdf").getByText(/\d+ tokens/).waitFor();
  await page.getByRole("textbox", { name: "Message", exact: true }).fill("When is the launch?");
  await page.keyboard.press("Enter");
  await page.locator(".question:not(.outgoing) .file-chip", { hasText: "report.pdf" }).waitFor();
  assert.equal(await chip("report.pdf").count(), 0);
  await page.reload();
  await page.locator(".question .file-chip", { hasText: "report.pdf" }).getByText(/\d+ tokens/).waitFor();
});

it("opens a cited file at its page, with the quote marked", async () => {
  await attach(report);
  await chip("report.pdf").getByText(/\d+ tokens/).waitFor();
  await page.getByRole("textbox", { name: "Message", exact: true }).fill("When is the launch?");
  await page.keyboard.press("Enter");
  await page.locator(".question:not(.outgoing) .file-chip").waitFor();
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  await page.route("**/api/conversations/*/messages*", async (route) => {
    const response = await route.fetch();
    const body = await response.json();
    const file = body.data.flatMap(({ parts }) => parts).find(({ type }) => type === "file");
    const source = { type: "citation", kind: "file", title: "report.pdf", url: null, source: file.file, used: true };
    const parts = [
      { ...source, number: 1, place: { page: 2 }, quote: "launch is planned for the FOURTH of May", supported: true },
      { ...source, number: 2, place: { page: 1 }, quote: "revenue fell by nine percent", supported: false },
      { type: "answer", text: "On the fourth of May [1], although revenue fell [2]." },
    ];
    body.data = body.data.map((message) => (message.role === "user" ? message : { ...message, parts, state: "done", error: null }));
    await route.fulfill({ response, json: body });
  });
  await page.reload();
  await page.locator(".sources").getByText("not found in the page").waitFor();
  await page.locator(".sources").getByRole("button", { name: "report.pdf, Page 2" }).click();
  const panel = page.getByRole("dialog", { name: "report.pdf" });
  assert.equal(await panel.locator("mark").innerText(), "launch is planned for the fourth of May");
  assert.equal(await panel.locator("section.cited").count(), 1);
  assert.deepEqual(await violations(), []);
});

it("fits on a phone", async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  await attach(report, table, broken);
  await chip("broken.pdf").getByText("the PDF is damaged").waitFor();
  const wide = () => page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  assert.equal(await wide(), false);
  await chip("report.pdf").getByRole("button").first().click();
  await page.getByText("Quarterly report").waitFor();
  assert.equal(await wide(), false);
  if (process.env.SHOTS) await page.screenshot({ path: join(process.env.SHOTS, "files-phone.png") });
});

async function violations() {
  await page.evaluate(axe.source);
  const { violations: found } = await page.evaluate(() => globalThis.axe.run());
  return found.filter(({ impact }) => ["serious", "critical"].includes(impact)).map(({ id, nodes }) => `${id}: ${nodes[0].html}`);
}
