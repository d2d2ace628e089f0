/**
 * The page's screens and states, each with what leads to it: looked at by a person (scripts/screens.mjs) and compared with
 * stored pictures (pixels.test.mjs). Everything is scripted, also the clock. Selectors hold in every language.
 */

import { openPage } from "./browser.mjs";

export const NOW = Date.UTC(2026, 4, 12, 9, 30);
const DAY = 86_400_000;

const ANSWER = `Tides rise and fall **twice a day**. See [a source](https://example.org), and *mind the wind*.

## In numbers

| Where | Range | Why |
|---|--:|---|
| Bay of Fundy | 16 m | a funnel that resonates |
| Baltic Sea | 0.3 m | almost closed |

1. The moon pulls the near side more.
2. The far side less, so it *lags*.
   - which makes two bulges
   - and \`two\` floods a day

> The sun helps at new and full moon.

\`\`\`python title="tides.py"
def height(t, amplitude=1.2):
    """Metres above the mean, t in hours."""
    return amplitude * cos(2 * pi * t / 12.42)
\`\`\`

\`\`\`mermaid
flowchart LR
  Moon --> Water --> Tide
\`\`\`

$$h(t) = A \\cos\\left(\\frac{2\\pi t}{T}\\right)$$

With \\(T = 12.42\\) h it comes 50 minutes later each day.
`;
const THOUGHT = `The question is about tides. First the moon: its pull is stronger on the near side.

So the water there rises. But why also on the far side? Because the Earth is pulled away from that water. Two bulges, hence two tides a day.

Let me check the period: 24 h 50 min / 2 = 12 h 25 min. Yes.`;

const MODEL = { kind: "local", stage: null, progress: null, error: null, licence: "Apache-2.0", parameters: 1.4e8, bytes: 2e8, memory_bytes: 3e8, fits: true, thinking: false, tools: true, vision: false, context: 2048, purpose: "", languages: "en", origin: "embedded", served: false, removable: false, tokens_per_second: null };
const MODELS = [
  { ...MODEL, id: "mock-135m", name: "SmolLM2 135M", state: "ready", served: true, tokens_per_second: 31.4 },
  { ...MODEL, id: "countdown", name: "runs/countdown", state: "available", thinking: true, origin: "run" },
  { ...MODEL, id: "qwen3-1.7b", name: "Qwen3 1.7B", kind: "recommended", state: "downloading", stage: "fetching", progress: 0.42, bytes: 1.2e9, memory_bytes: 2e9, parameters: 1.7e9, context: 40_960, thinking: true, purpose: "Thinks if asked to; a good first choice", languages: "119 languages", origin: null },
  { ...MODEL, id: "qwen3-8b", name: "Qwen3 8B", kind: "recommended", state: "downloadable", bytes: 5e9, memory_bytes: 6.5e9, thinking: true, origin: null },
  { ...MODEL, id: "v3", name: "DeepSeek-V3.2", kind: "recommended", state: "downloadable", bytes: 6.9e11, memory_bytes: 7e11, fits: false, thinking: true, origin: null },
  { ...MODEL, id: "chat@Up", name: "deepseek-chat@Up", kind: "upstream", state: "ready", bytes: null, memory_bytes: null, licence: null, parameters: null, origin: null },
];
const TOOLS = [
  { name: "calculator", title: "Calculator", description: "Computes exactly with numbers, units and functions.", policy: "always", server: null, effects: false },
  { name: "python", title: "Python", description: "Runs a program in a sandbox without network.", policy: "ask", server: null, effects: false },
  { name: "notes__add", title: "Add", description: "Adds a note.", policy: "never", server: "notes", effects: true },
];
const SERVERS = [
  { id: "s1", name: "notes", transport: "stdio", config: { command: "npx", args: ["-y", "@modelcontextprotocol/server-memory"] }, enabled: true, error: null, created: NOW },
  { id: "s2", name: "maps", transport: "http", config: { url: "https://maps.example.org/mcp" }, enabled: true, error: "maps does not answer: connection refused; check that it runs", created: NOW },
];
const CALL = { type: "tool_call", id: "call_1", name: "python", arguments: JSON.stringify({ code: "from math import cos, pi\nprint(1.2 * cos(2 * pi * 3 / 12.42))" }), state: "done", result: { text: "0.0632", files: [] }, ms: 1200 };
const CITATION = { type: "citation", kind: "web", url: "https://harbour.example.org/tides", source: "p1", place: null, quote: null, supported: null, used: true };
const SOURCES = [
  { ...CITATION, number: 1, title: "Tides of the Bay of Fundy", quote: "sixteen metres", supported: true, passage: "At the head of the bay the range reaches sixteen metres, the largest on Earth." },
  { ...CITATION, number: 2, title: "Why the sea rises", url: "https://sea.example.net/why", quote: "was drained in 1980", supported: false, passage: "The lagoon was dredged between 1979 and 1981." },
  { ...CITATION, number: 3, title: "report.pdf", kind: "file", url: null, source: "f1", place: { page: 2 }, quote: "the fourth of May" },
  { ...CITATION, number: 4, title: "Another page", used: false },
  { type: "answer", text: "The range reaches “sixteen metres” [1]. The lagoon “was drained in 1980” [2], and the launch is on the fourth of May [3]." },
];
const FILE = { id: "f1", name: "report.pdf", media_type: "application/pdf", bytes: 48_213, state: "ready", tokens: 1312, error: null, created: NOW, data: { format: "PDF", title: "Quarterly report", passages: 3, warnings: [] } };
const BROKEN = { ...FILE, id: "f2", name: "a scan with a very long name that does not fit.pdf", state: "failed", tokens: null, error: { message: "the PDF is damaged", remedy: "save it anew and attach that" } };
const PASSAGES = [
  { position: 0, place: { page: 1 }, text: "Quarterly report\n\nRevenue rose by nine percent, costs by four. The reserve covers seven months.", tokens: 20 },
  { position: 1, place: { page: 2 }, text: "The launch is planned for the fourth of May. Two suppliers confirmed; a third answers by Friday.", tokens: 20 },
  { position: 2, place: { page: 3 }, text: "| Month | Units | Price |\n| --- | --- | --- |\n| April | 1,200 | 4.10 |\n| May | 1,350 | 4.05 |", tokens: 20 },
];
const filePart = ({ id, name, media_type, bytes, tokens, state }) => ({ type: "file", file: id, name, media_type, bytes, tokens, state });

/** What every state begins with: a list of chats, tools, models, a clock that stands. */
function furnish(mock) {
  const { assistant } = mock;
  assistant.clock = () => NOW;
  mock.health = { status: "ready", model: "mock-135m", progress: null, capabilities: { thinking: true, tools: true } };
  assistant.models = MODELS;
  assistant.tools = TOOLS;
  assistant.preferences = { custom_instructions: "Answer briefly.", memory: true, retention_days: null, trash_days: 30, search: {}, run: {}, language: null };
  assistant.fixed = {
    "GET tool-servers": { data: SERVERS },
    "GET upstreams": { data: [{ id: "u1", name: "Up", base_url: "https://api.example.com/v1", key: "…cdef", models: [{ id: "chat@Up", name: "chat" }] }] },
    "GET files/:/text": { data: PASSAGES, next: null },
    "GET conversations/:/shares": { data: [{ token: "Qm3vZ8r1kT", created: NOW - DAY, url: "/s/Qm3vZ8r1kT" }], next: null },
    "GET projects/:/files": { data: [{ id: "f1", name: "report.pdf" }] },
  };
  assistant.files = new Map([FILE, BROKEN].map((file) => [file.id, file]));
}

const LIST = ["How do tides work?", "Journey from 9:40 to 13:05", "最长回文子串的 Python 函数", "Dinner moved to Saturday", "A title that is much too long for the sidebar and is cut at its end", "Ideas for a quiet weekend"];

function listed(mock) {
  furnish(mock);
  const { assistant } = mock;
  for (const [index, title] of LIST.entries()) assistant.seed({ title, turns: [["A question", "An answer."]], updated: NOW - index * 1.3 * DAY - 3_600_000, pinned: index === 3 });
  assistant.collections.projects.set("p1", { id: "p1", name: "Sailing", instructions: "Distances in nautical miles.", created: NOW, updated: NOW });
  assistant.collections.prompts.set("q1", { id: "q1", name: "translate", text: "Translate into {{language}}: {{text}}", variables: ["language", "text"] });
  assistant.collections.prompts.set("q2", { id: "q2", name: "tidy", text: "Correct spelling and grammar, and change nothing else.", variables: [] });
  assistant.collections.memories.set("m1", { id: "m1", text: "Sails a small boat in Brittany." });
  assistant.collections.memories.set("m2", { id: "m2", text: "Prefers metric units." });
}

/** A chat whose answer has these parts. */
function answered(mock, parts, fields = {}, question = [{ type: "text", text: "How do tides work?" }]) {
  listed(mock);
  const { assistant } = mock;
  const row = assistant.seed({ title: "How do tides work?", turns: [["How do tides work?", ""]], updated: NOW });
  const answer = assistant.messages.get(row.head);
  const usage = { prompt_tokens: 12, completion_tokens: 412, completion_tokens_details: { reasoning_tokens: 96 }, tokens_per_second: 31.2 };
  assistant.messages.get(answer.parent).parts = structuredClone(question);
  Object.assign(answer, { parts: structuredClone(parts), model: "mock-135m", created: NOW, usage, ...fields });
  return { row, answer };
}

/** An answer that is still being written. */
const writing = (mock, parts) => answered(mock, parts, { state: "streaming", usage: null, finish_reason: null, run: "r1", created: NOW - 12_000 });

function branched(mock) {
  const { row, answer } = answered(mock, [{ type: "thinking", text: THOUGHT, ms: 8300 }, { type: "answer", text: "The moon pulls the water on the near side up, and lags it on the far side." }]);
  const other = { ...structuredClone(answer), parts: [{ type: "answer", text: ANSWER.split("\n\n")[0] }], model: "countdown" };
  delete other.id;
  const second = mock.assistant.addMessage(row, other, true);
  const next = mock.assistant.addMessage(row, { role: "user", parent: second.id, parts: [{ type: "text", text: "And in the Baltic?" }], state: "done" }, true);
  mock.assistant.addMessage(row, { role: "assistant", parent: next.id, parts: [{ type: "answer", text: "Hardly any: it is almost closed." }], state: "done", finish_reason: "stop" }, true);
  return row;
}

const opens = async (page, mock) => {
  const row = [...mock.assistant.rows.values()].at(-1);
  await page.evaluate((id) => (location.hash = `#/c/${id}`), row.id);
  await page.locator(".message").last().waitFor();
};
const drawer = async (page, phone) => {
  if (!phone) return;
  await page.locator(".open-sidebar").click();
  await page.waitForTimeout(300);
};
const settings = (tab) => async (page, { phone }) => {
  await drawer(page, phone);
  await page.locator(".sidebar-foot .quiet-button").click();
  await page.locator(`#tab-${tab}`).click();
  await page.locator(".tab-panel").locator("label, select, ul").first().waitFor();
  await page.waitForTimeout(150);
};
const models = async (page) => {
  await page.locator("header.top .model").click();
  await page.locator("[role=option]").first().waitFor();
};

const VOTE = (done) => ({
  type: "vote",
  candidates: [
    { index: 0, thinking: THOUGHT, answer: "The journey takes **3 h 25 min**.", extracted: "3 h 25 min", state: "done" },
    { index: 1, thinking: "From 9:40 to 12:40 are three hours, then 25 minutes more.", answer: "3 h 25 min", extracted: done ? "3 h 25 min" : null, state: done ? "done" : "streaming" },
    { index: 2, thinking: "13:05 minus 9:40. Borrow: 12:65 minus 9:40 is 3:25. Hm, or 4:25?", answer: "", extracted: "4 h 25 min", state: "done" },
  ],
  tally: [{ answer: "3 h 25 min", count: done ? 2 : 1 }, { answer: "4 h 25 min", count: 1 }],
  chosen: done ? 0 : null,
});
const THOUGHT_PART = { type: "thinking", text: THOUGHT, ms: 8300 };

/** Each state: `prepare(mock)` before the page opens, `lead(page, { phone, mock })` after it. */
export const STATES = {
  empty: { prepare: listed },
  welcome: { prepare: furnish, lead: (page) => page.locator(".welcome").waitFor() },
  chat: {
    prepare: (mock) => answered(mock, [THOUGHT_PART, { type: "answer", text: ANSWER }]),
    lead: async (page, { mock }) => {
      await opens(page, mock);
      await page.locator(".katex").first().waitFor();
      await page.locator(".hljs-keyword").first().waitFor();
      await page.locator(".transcript").evaluate((element) => element.scrollTo(0, 0));
      await page.locator("iframe.diagram").first().scrollIntoViewIfNeeded();
      await page.locator("iframe.diagram.drawn").waitFor();
      await page.locator(".transcript").evaluate((element) => element.scrollTo(0, 0));
    },
  },
  "chat-end": {
    prepare: (mock) => answered(mock, [THOUGHT_PART, { type: "answer", text: ANSWER }]),
    lead: async (page, { mock }) => {
      await opens(page, mock);
      await page.locator(".katex").first().waitFor();
      await page.locator("iframe.diagram.drawn").waitFor();
      await page.waitForTimeout(100);
    },
  },
  thinking: { prepare: (mock) => writing(mock, [{ ...THOUGHT_PART, ms: null }]), lead: (page, { mock }) => opens(page, mock) },
  thought: {
    prepare: (mock) => answered(mock, [THOUGHT_PART, { type: "answer", text: "Because the moon pulls." }]),
    lead: async (page, { mock }) => {
      await opens(page, mock);
      await page.locator(".thinking-head").click();
      await page.locator(".thinking-text .prose").waitFor();
    },
  },
  "edit-thought": {
    prepare: (mock) => answered(mock, [THOUGHT_PART, { type: "answer", text: "Because the moon pulls." }]),
    lead: async (page, { mock }) => {
      await opens(page, mock);
      await page.locator(".thinking-head").click();
      await page.locator(".thinking-row .text-button").click();
      await page.locator(".thought-editor").waitFor();
    },
  },
  "vote-running": { prepare: (mock) => writing(mock, [VOTE(false)]), lead: async (page, { mock }) => (await opens(page, mock), await page.locator(".tally").waitFor()) },
  "vote-done": {
    prepare: (mock) => answered(mock, [VOTE(true), { type: "answer", text: "The journey takes **3 h 25 min**." }]),
    lead: async (page, { mock }) => (await opens(page, mock), await page.locator(".tally").waitFor()),
  },
  consent: {
    prepare: (mock) => writing(mock, [{ type: "answer", text: "Let me compute that." }, { ...CALL, state: "consent", result: null, ms: null }]),
    lead: async (page, { mock }) => (await opens(page, mock), await page.locator(".tool-consent").waitFor()),
  },
  tool: {
    prepare: (mock) => answered(mock, [CALL, { ...CALL, id: "2", state: "failed", result: { text: "", error: "the program ran longer than 30 s; make it faster" } }, { type: "answer", text: "It is **0.06 m**." }]),
    lead: async (page, { mock }) => {
      await opens(page, mock);
      await page.locator(".tool-call summary").first().click();
    },
  },
  sources: {
    prepare: (mock) => answered(mock, SOURCES),
    lead: async (page, { mock }) => {
      await opens(page, mock);
      await page.locator(".sources").waitFor();
      await page.locator(".cite button").nth(1).click();
      await page.locator(".cite-card:popover-open").waitFor();
      await page.waitForTimeout(100);
    },
  },
  passages: {
    prepare: (mock) => answered(mock, SOURCES),
    lead: async (page, { mock }) => {
      await opens(page, mock);
      await page.locator(".sources .link").click();
      await page.locator(".file-panel .passage").first().waitFor();
      await page.waitForTimeout(100);
    },
  },
  files: {
    prepare: (mock) => answered(mock, [{ type: "answer", text: "It is planned for May." }], {}, [filePart(FILE), { type: "text", text: "When is the launch?" }]),
    lead: async (page, { mock }) => {
      await opens(page, mock);
      const { id } = [...mock.assistant.rows.values()].at(-1);
      await page.evaluate(([key, draft]) => localStorage.setItem(key, draft), [`fathom:draft:${id}`, JSON.stringify({ text: "Compare these two", files: [filePart(FILE), filePart(BROKEN)] })]);
      await page.reload();
      await page.locator(".composer .file-chip").first().waitFor();
      await page.locator(".composer .file-problem").first().waitFor();
    },
  },
  compare: {
    prepare: branched,
    lead: async (page, { mock }) => {
      await opens(page, mock);
      await page.locator(".answer").first().hover();
      await page.locator(".answer .actions .icon-button").nth(-1).waitFor();
      await page.locator(".answer .versions").first().waitFor();
      await page.locator(".answer").first().locator(".actions > .icon-button").last().click();
      await page.locator(".compare .prose").nth(1).waitFor();
    },
  },
  tree: {
    prepare: branched,
    lead: async (page, { mock }) => {
      await opens(page, mock);
      await page.locator("header.top > .icon-button:not(.open-sidebar):not(.export):not(.top-new)").click();
      await page.locator(".tree-node").first().waitFor();
    },
  },
  sidebar: { prepare: listed, lead: async (page, { phone }) => (await drawer(page, phone), await page.locator(".row").nth(2).hover()) },
  select: {
    prepare: listed,
    lead: async (page, { phone }) => {
      await drawer(page, phone);
      await page.locator(".select").click();
      await page.locator(".selection-bar").waitFor();
      for (const index of [0, 2, 3]) await page.locator(".pick").nth(index).click();
    },
  },
  move: {
    prepare: listed,
    lead: async (page, state) => {
      await STATES.select.lead(page, state);
      await page.locator(".selection-bar .icon-button").first().click();
      await page.locator("dialog[open] select").waitFor();
    },
  },
  search: {
    prepare: (mock) => answered(mock, [THOUGHT_PART, { type: "answer", text: "The moon pulls the tides." }]),
    lead: async (page, { phone }) => {
      await drawer(page, phone);
      await page.locator("input.search").fill("tides");
      await page.locator(".hit").first().waitFor();
    },
  },
  "search-none": {
    prepare: listed,
    lead: async (page, { phone }) => {
      await drawer(page, phone);
      await page.locator("input.search").fill("zebra");
      await page.locator(".results .hint").waitFor();
    },
  },
  general: { prepare: listed, lead: settings("general") },
  "search-tab": { prepare: listed, lead: settings("search") },
  tools: { prepare: listed, lead: settings("tools") },
  memory: { prepare: listed, lead: settings("memory") },
  prompts: { prepare: listed, lead: settings("prompts") },
  data: {
    prepare: (mock) => {
      listed(mock);
      mock.assistant.seed({ title: "An old chat in the trash", deleted: NOW - DAY });
    },
    lead: settings("data"),
  },
  trash: {
    prepare: (mock) => {
      listed(mock);
      for (const title of ["An old chat in the trash", "最长回文子串的 Python 函数"]) mock.assistant.seed({ title, deleted: NOW - DAY });
    },
    lead: async (page, state) => {
      await settings("data")(page, state);
      await page.locator(".settings .rows li").last().scrollIntoViewIfNeeded();
    },
  },
  models: {
    prepare: listed,
    lead: async (page) => {
      await models(page);
      await page.locator("[role=option]", { hasText: "Qwen3 1.7B" }).click();
      await page.locator("progress").waitFor();
    },
  },
  upstreams: { prepare: listed, lead: async (page) => (await models(page), await page.locator(".models-servers").click(), await page.locator(".models-server-form").waitFor()) },
  share: {
    prepare: branched,
    lead: async (page, { mock }) => {
      await opens(page, mock);
      await page.locator(".export").click();
      await page.locator("#export-menu button").last().click();
      await page.locator("dialog[open]").waitFor();
      await page.waitForTimeout(150);
    },
  },
  export: { prepare: branched, lead: async (page, { mock }) => (await opens(page, mock), await page.locator(".export").click()) },
  levels: { prepare: listed, lead: (page) => page.locator(".pill.more").click() },
  more: { prepare: listed, lead: async (page) => (await page.locator(".more-control").click(), await page.locator(".menu-group select, .menu-group .button").first().waitFor()) },
  slash: { prepare: listed, lead: async (page) => (await page.locator(".composer textarea").fill("/t"), await page.locator(".prompt-menu li").first().waitFor()) },
  prompt: {
    prepare: listed,
    lead: async (page) => {
      await page.locator(".composer textarea").fill("/tr");
      await page.locator(".prompt-menu li").first().click();
      await page.locator("dialog[open] textarea").first().waitFor();
    },
  },
  project: {
    prepare: listed,
    lead: async (page, { phone }) => {
      await drawer(page, phone);
      await page.locator(".project .icon-button").click();
      await page.locator("dialog[open] input, dialog[open] textarea").first().waitFor();
      await page.waitForTimeout(150);
    },
  },
  about: {
    prepare: listed,
    lead: async (page, { phone }) => {
      await drawer(page, phone);
      await page.locator(".row:not(.project)").first().hover();
      await page.locator(".row:not(.project) .row-actions button").nth(3).click();
      await page.locator("dialog[open]").waitFor();
    },
  },
  shortcuts: { prepare: listed, lead: async (page) => (await page.keyboard.press("Control+/"), await page.locator(".shortcuts").waitFor()) },
  editing: {
    prepare: branched,
    lead: async (page, { mock }) => {
      await opens(page, mock);
      await page.locator(".question").first().hover();
      await page.locator(".question .actions .icon-button").nth(1).click();
      await page.locator(".question.editing").waitFor();
    },
  },
  queue: {
    prepare: (mock) => writing(mock, [{ type: "answer", text: "The moon pulls" }]),
    lead: async (page, { mock }) => {
      await opens(page, mock);
      for (const text of ["And in the Baltic Sea, where there is hardly any?", "Thanks"]) {
        await page.locator(".composer textarea").fill(text);
        await page.keyboard.press("Enter");
      }
      await page.locator(".queue .chip").nth(1).waitFor();
    },
  },
  waiting: { prepare: (mock) => writing(mock, []), lead: async (page, { mock }) => (await opens(page, mock), await page.locator(".dots").waitFor()) },
  deleted: {
    prepare: listed,
    lead: async (page, { phone }) => {
      await drawer(page, phone);
      await page.locator(".row:not(.project)").nth(1).hover();
      if (phone) {
        await page.locator(".row:not(.project)").nth(1).locator("button").last().click();
        await page.locator("dialog[open] .buttons .button").first().click();
      } else await page.locator(".row:not(.project)").nth(1).locator("button").nth(2).click();
      await page.locator(".toast").waitFor();
    },
  },
  update: {
    prepare: listed,
    lead: async (page) => {
      await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
      await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
      await page.evaluate(() => navigator.serviceWorker.dispatchEvent(new Event("controllerchange")));
      await page.locator(".toast").waitFor();
    },
  },
  failed: {
    prepare: (mock) => answered(mock, [{ type: "answer", text: "The moon" }], { state: "failed", usage: null, error: { message: "the model ran out of memory", remedy: "close other programs, or choose a smaller model" } }),
    lead: async (page, { mock }) => (await opens(page, mock), await page.locator(".problem").waitFor()),
  },
  stopped: {
    prepare: (mock) => answered(mock, [{ ...THOUGHT_PART, ms: 2100 }, { type: "answer", text: "The moon" }], { state: "stopped", finish_reason: "cancelled", usage: null }),
    lead: async (page, { mock }) => (await opens(page, mock), await page.locator(".ending").waitFor()),
  },
  missing: { prepare: listed, lead: async (page) => (await page.evaluate(() => (location.hash = "#/c/none")), await page.locator(".empty .button").waitFor()) },
  loading: {
    prepare: (mock) => (listed(mock), (mock.health = { status: "loading", model: "mock-135m", progress: 0.42, stage: "reading weights", capabilities: {} })),
    lead: async (page) => {
      await page.locator(".composer textarea").fill("How do tides work?");
      await page.keyboard.press("Enter");
      await page.locator(".waiting").waitFor();
    },
  },
  broken: {
    prepare: (mock) => (listed(mock), (mock.health = { status: "failed", model: "mock-135m", error: { message: "the file model.gguf is cut off at 812 MB", remedy: "delete it, and fetch it again: fathom pull qwen3:1.7b" } })),
    lead: (page) => page.locator(".banner.bad").waitFor(),
  },
  offline: {
    prepare: (mock) => answered(mock, [{ type: "answer", text: "The moon pulls." }]),
    lead: async (page, { mock }) => {
      await opens(page, mock);
      mock.away = true;
      await page.locator(".composer textarea").fill("And the sun?");
      await page.keyboard.press("Enter");
      await page.locator(".banner").waitFor();
      await page.locator(".outgoing .hint").waitFor();
    },
  },
  key: { prepare: (mock) => (listed(mock), (mock.key = "sk-right")), lead: (page) => page.locator("dialog[open]").waitFor() },
  legacy: {
    prepare: furnish,
    lead: async (page) => {
      await page.evaluate(() => {
        for (const id of ["a", "b"]) localStorage.setItem(`fathom:conversation:${id}`, JSON.stringify({ id, title: id, created: 1 }));
      });
      await page.reload();
      await page.locator(".banner").waitFor();
    },
  },
  print: {
    prepare: (mock) => answered(mock, [THOUGHT_PART, { type: "answer", text: ANSWER }]),
    lead: async (page, { mock }) => {
      await opens(page, mock);
      await page.locator(".katex").first().waitFor();
      await page.locator("iframe.diagram.drawn").waitFor();
      await page.emulateMedia({ media: "print" });
      await page.evaluate(() => window.dispatchEvent(new Event("beforeprint")));
    },
  },
};

/** Opens the page in a state. Close the context that comes back. */
export async function openState(browser, mock, name, options = {}) {
  const { prepare, lead } = STATES[name];
  mock.reset();
  prepare(mock);
  const phone = (options.viewport?.width ?? 1280) < 760;
  const { context, page, complaints } = await openPage(browser, mock.url, { timezoneId: "UTC", hasTouch: phone, now: NOW, ...options });
  await page.locator(".model.connecting").waitFor({ state: "detached" });
  if (options.locale?.startsWith("zh")) await page.locator("html[lang=zh-Hans]").waitFor();
  await lead?.(page, { phone, mock });
  return { context, page, complaints };
}
