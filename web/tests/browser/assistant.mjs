/**
 * The assistant's API in memory, as docs/guides describe it: chats as trees of messages, runs with an event log, the
 * live stream. What an answer says is scripted. Faithful where the page can see it; nothing is stored on a disk.
 */

const DEFAULTS = { title_source: "question", project: null, pinned: false, temporary: false, settings: {}, head: null, deleted: null };
const MOVING = ["waiting", "streaming"];

export class Assistant {
  constructor(script) {
    this.script = script;
    this.rows = new Map();
    this.messages = new Map();
    this.runs = new Map();
    this.collections = { projects: new Map(), prompts: new Map(), memories: new Map() };
    this.preferences = { custom_instructions: "" };
    this.models = [];
    this.tools = [];
    this.title = ""; // what the model calls a chat
    this.ready = true; // whether a model answers; runs wait until it does
    this.broken = null; // why no model answers
    this.requests = []; // what the model was asked
    this.imports = [];
    this.made = new Map(); // chats, by the key of the request that made them
    this.streams = new Set();
    this.epoch = "1";
    this.count = 0;
    this.time = 0;
    this.clock = Date.now;
    this.fixed = {}; // answers to routes that are asked for in the same way always
    this.files = new Map();
  }

  now() {
    this.time = Math.max(this.time + 1, this.clock());
    return this.time;
  }

  id() {
    this.count += 1;
    return `01${String(this.count).padStart(24, "0")}`;
  }

  /** Adds a chat with messages that are done, for tests that need many. */
  seed({ title = "Chat", turns = [], updated = this.now(), ...fields }) {
    const row = this.createRow({ title, updated, created: updated, ...fields });
    let parent = null;
    for (const [question, answer] of turns) {
      const asked = this.addMessage(row, { role: "user", parent, parts: [{ type: "text", text: question }], state: "done" }, true);
      const parts = [{ type: "answer", text: answer }];
      parent = this.addMessage(row, { role: "assistant", parent: asked.id, parts, state: "done", finish_reason: "stop", usage: { prompt_tokens: 2, completion_tokens: 3 } }, true).id;
    }
    row.updated = updated;
    return row;
  }

  /** Closes every live stream, as a server that is restarted does. */
  disconnect() {
    for (const stream of this.streams) stream.end();
    this.streams.clear();
  }

  // Rows

  createRow(fields) {
    const now = this.now();
    const row = { id: this.id(), title: "", ...DEFAULTS, created: now, updated: now, ...fields };
    this.rows.set(row.id, row);
    return row;
  }

  rowJson(row) {
    const running = [...this.runs.values()].some((run) => run.conversation === row.id && ["queued", "running", "consent"].includes(run.state));
    return { ...row, running };
  }

  touch(row) {
    row.updated = this.now();
    this.emit("conversation", this.rowJson(row));
  }

  listRows(query) {
    let rows = [...this.rows.values()].filter(({ deleted, temporary }) => !temporary && (deleted !== null) === (query.get("deleted") === "true"));
    if (query.get("pinned")) rows = rows.filter(({ pinned }) => String(pinned) === query.get("pinned"));
    if (query.get("project")) rows = rows.filter(({ project }) => project === query.get("project"));
    rows.sort((a, b) => b.updated - a.updated || (a.id < b.id ? 1 : -1));
    return page(rows.map((row) => this.rowJson(row)), query);
  }

  // Messages

  addMessage(row, fields, quiet = false) {
    const now = this.now();
    const message = { id: this.id(), conversation: row.id, model: null, finish_reason: null, error: null, usage: null, run: null, created: now, updated: now, ...fields };
    this.messages.set(message.id, message);
    row.head = message.id;
    if (!quiet) this.emit("message", { conversation: row.id, message: this.messageJson(message) }, row.id);
    return message;
  }

  messageJson(message) {
    const siblings = [...this.messages.values()].filter(({ conversation, parent }) => conversation === message.conversation && parent === message.parent).map(({ id }) => id);
    return { ...structuredClone(message), siblings, index: siblings.indexOf(message.id) };
  }

  pathTo(id) {
    const path = [];
    for (let at = this.messages.get(id); at; at = this.messages.get(at.parent)) path.unshift(at);
    return path;
  }

  listMessages(row, query) {
    const path = this.pathTo(row.head);
    const before = query.get("before");
    const end = before ? path.findIndex(({ id }) => id === before) : path.length;
    const start = Math.max(0, end - Number(query.get("limit") ?? 50));
    return { data: path.slice(start, end).map((message) => this.messageJson(message)), next: start > 0 ? path[start].id : null };
  }

  // Runs

  ask(row, parent, text, files, options) {
    const parts = [...files.map((file) => ({ type: "file", file, name: file, media_type: "text/plain", bytes: 1, tokens: 1, state: "ready" })), { type: "text", text }];
    const message = this.addMessage(row, { role: "user", parent, parts, state: "done" });
    if (row.title === "") row.title = titleOf(text);
    const { answer, run } = this.start(row, message.id, [], options);
    return { message: this.messageJson(message), answer: this.messageJson(answer), run: this.runJson(run) };
  }

  start(row, parent, parts, options) {
    const run = { id: this.id(), conversation: row.id, state: "queued", model: "mock-135m", seed: 1, sequence: 0, thinking_ms: null, created: this.now(), started: null, finished: null, options, events: [], gone: false };
    const answer = this.addMessage(row, { role: "assistant", parent, parts, state: "waiting", model: run.model, run: run.id });
    run.message = answer.id;
    run.prefix = structuredClone(parts);
    this.runs.set(run.id, run);
    this.touch(row);
    this.emitState(run);
    void this.execute(row, run, answer);
    return { answer, run };
  }

  async execute(row, run, answer) {
    while (!this.ready && !run.gone) await pause(20);
    if (this.broken) return this.finish(row, run, answer, { state: "failed", finish_reason: null, usage: null, error: this.broken });
    if (!run.gone) {
      const request = { messages: this.prompt(answer), prefix: run.prefix, ...run.options };
      this.requests.push(request);
      const result = this.script(request);
      run.state = "running";
      run.started = Date.now();
      if ("status" in result) return this.finish(row, run, answer, { state: "failed", finish_reason: null, usage: null, error: { remedy: null, ...result.body.error } });
      this.event(run, answer, "started", { message: answer.id });
      for await (const { kind, text, done, ...other } of result.events) {
        if (run.gone) break;
        if (kind) this.delta(run, answer, kind, text);
        else if (done) {
          this.endThinking(run, answer);
          return this.finish(row, run, answer, { state: "done", error: null, ...done });
        } else this.event(run, answer, other.type, other);
      }
    }
    if (answer.state === "stopped") return undefined;
    return this.finish(row, run, answer, { state: "stopped", finish_reason: "cancelled", usage: null, error: null });
  }

  prompt(answer) {
    return this.pathTo(answer.parent).map(({ role, parts }) => ({ role, content: textOf(parts) }));
  }

  delta(run, answer, kind, text) {
    let part = answer.parts.length - 1;
    if (answer.parts[part]?.type !== kind) {
      if (kind === "answer") this.endThinking(run, answer);
      part += 1;
    }
    this.event(run, answer, "delta", { part, kind, text });
  }

  endThinking(run, answer) {
    const part = answer.parts.at(-1);
    if (part?.type === "thinking" && part.ms === null) this.event(run, answer, "thinking_ended", { ms: Date.now() - run.started });
  }

  finish(row, run, answer, data) {
    run.state = data.state;
    run.finished = Date.now();
    answer.updated = this.now();
    this.event(run, answer, "finished", data);
    this.emit("message", { conversation: row.id, message: this.messageJson(answer) }, row.id);
    if (this.title && data.state === "done" && row.title_source === "question") Object.assign(row, { title: this.title, title_source: "model" });
    this.touch(row);
    this.emitState(run, row.title);
  }

  stop(run) {
    if (run.gone || run.finished) return;
    run.gone = true;
    const answer = this.messages.get(run.message);
    this.endThinking(run, answer);
    this.finish(this.rows.get(run.conversation), run, answer, { state: "stopped", finish_reason: "cancelled", usage: null, error: null });
  }

  event(run, answer, type, data) {
    run.sequence += 1;
    const event = { ...data, type, sequence: run.sequence };
    run.events.push(event);
    fold(answer, event);
    this.emit("run", { run: run.id, conversation: run.conversation, event }, run.conversation);
  }

  emitState(run, title) {
    this.emit("run.state", { conversation: run.conversation, running: run.finished === null, ...(title ? { title } : {}) });
  }

  runJson({ events: _events, gone: _gone, prefix: _prefix, options: _options, ...run }) {
    return run;
  }

  // The live stream

  emit(name, data, conversation = null) {
    for (const stream of this.streams) if (conversation === null || stream.conversation === conversation) stream.write(name, data);
  }

  live(query, stream) {
    stream.conversation = query.get("conversation");
    this.streams.add(stream);
    stream.write("hello", { epoch: this.epoch });
    const known = new Map(query.getAll("run").map((text) => text.split(":")));
    for (const run of this.runs.values()) {
      if (run.conversation !== stream.conversation) continue;
      const from = known.get(run.id);
      const answer = this.messages.get(run.message);
      if (from !== undefined) {
        for (const event of run.events.filter(({ sequence }) => sequence > Number(from))) stream.write("run", { run: run.id, conversation: run.conversation, event });
      } else if (MOVING.includes(answer.state)) stream.write("message", { conversation: run.conversation, message: this.messageJson(answer), sequence: run.sequence });
    }
  }

  search(query) {
    const words = query.get("q").toLowerCase();
    const hits = [];
    const look = (conversation, message, kind, text, created) => {
      const at = text.toLowerCase().indexOf(words);
      if (at >= 0) hits.push({ conversation, title: this.rows.get(conversation).title, message, kind, snippet: { text, marks: [[at, at + words.length]] }, created });
    };
    for (const row of this.rows.values()) look(row.id, null, "title", row.title, row.created);
    for (const message of this.messages.values()) {
      for (const part of message.parts) if (part.text) look(message.conversation, message.id, { text: "question" }[part.type] ?? part.type, part.text, message.created);
    }
    return page(hits, query);
  }

  /** The answer to a request: {status, json} or nothing where there is no such route. */
  handle(method, path, query, body, raw, key = null) {
    const route = `${method} ${path.map((name, index) => (index % 2 === 0 ? name : ":")).join("/")}`;
    const [kind, id, , sub] = path;
    const row = kind === "conversations" && id !== "counts" ? this.rows.get(id) : undefined;
    if (kind === "conversations" && id && id !== "counts" && !row) return { status: 404, json: { error: { message: "there is no such conversation" } } };
    const run = sub === undefined ? undefined : this.runs.get(sub);
    if (route in this.fixed) return { json: this.fixed[route] };
    switch (route) {
      case "GET files/:":
        return this.files.has(id) ? { json: this.files.get(id) } : { status: 404, json: { error: { message: "there is no such file" } } };
      case "GET conversations":
        return { json: this.listRows(query) };
      case "POST conversations": {
        const added = this.made.get(key) ?? this.createRow(body);
        if (key !== null) this.made.set(key, added);
        this.emit("conversation", this.rowJson(added));
        return { json: this.rowJson(added) };
      }
      case "GET conversations/:":
        return { json: this.rowJson(row) };
      case "PATCH conversations/:":
        Object.assign(row, body, body.title === undefined ? {} : { title_source: "user" });
        this.emit("conversation", this.rowJson(row));
        return { json: this.rowJson(row) };
      case "DELETE conversations/:":
        row.deleted = Date.now();
        this.emit("conversation.removed", { id });
        return { status: 204 };
      case "POST conversations/:/restore":
        row.deleted = null;
        this.emit("conversation", this.rowJson(row));
        return { json: this.rowJson(row) };
      case "GET conversations/:/messages":
        return { json: this.listMessages(row, query) };
      case "POST conversations/:/messages":
        return { json: this.ask(row, body.parent, body.text, body.files ?? [], { ...row.settings, ...body.run }) };
      case "GET conversations/:/tree":
        return { json: { data: [...this.messages.values()].filter(({ conversation }) => conversation === id).map(({ id: own, parent, role, created, parts }) => ({ id: own, parent, role, created, preview: textOf(parts).slice(0, 80) })) } };
      case "POST conversations/:/runs": {
        const { parent, continues, thinking, ...options } = body;
        const from = this.messages.get(continues);
        const edited = continues && typeof thinking === "string" && !["off", "low", "high", "budget"].includes(thinking);
        const parts = !from ? [] : edited ? [{ type: "thinking", text: thinking, ms: null, edited: true }] : structuredClone(from.parts);
        const started = this.start(row, from ? from.parent : parent, parts, { ...(edited ? {} : { thinking }), ...options });
        return { json: { message: this.messageJson(started.answer), run: this.runJson(started.run) } };
      }
      case "GET conversations/:/runs/:":
        return { json: this.runJson(run) };
      case "POST conversations/:/runs/:/stop":
        this.stop(run);
        return { json: this.runJson(run) };
      case "POST conversations/:/runs/:/answer-now":
        run.answerNow = true;
        return { json: this.runJson(run) };
      case "GET conversations/:/export":
        return { file: `chat.${query.get("format")}`, text: this.pathTo(row.head).map(({ parts }) => textOf(parts)).join("\n\n") };
      case "GET messages/:":
        return { json: this.messageJson(this.messages.get(id)) };
      case "GET search":
        return { json: this.search(query) };
      case "GET preferences":
        return { json: this.preferences };
      case "PATCH preferences":
        return { json: Object.assign(this.preferences, body) };
      case "GET models":
        return { json: { data: this.models } };
      case "GET tools":
        return { json: { data: this.tools } };
      case "POST imports":
        this.imports.push(raw);
        return { json: { conversations: 1, messages: 2, skipped: [] } };
      default:
        return this.collections[kind] ? this.crud(method, this.collections[kind], id, body) : { status: 404, json: { error: { message: `no route ${route}` } } };
    }
  }

  crud(method, collection, id, body) {
    if (method === "GET") return { json: id ? collection.get(id) : { data: [...collection.values()], next: null } };
    if (method === "DELETE") return collection.delete(id) ? { status: 204 } : { status: 404, json: { error: { message: "there is none" } } };
    const now = this.now();
    const item = { id: id ?? this.id(), created: now, ...collection.get(id), ...body, updated: now };
    collection.set(item.id, item);
    return { json: item };
  }
}

/** The same fold as the page's and the server's, in place. */
function fold(message, event) {
  const last = message.parts[event.part];
  if (event.type === "started") message.state = "streaming";
  else if (event.type === "delta" && last?.type === event.kind) last.text += event.text;
  else if (event.type === "delta") message.parts[event.part] = event.kind === "thinking" ? { type: "thinking", text: event.text, ms: null } : { type: "answer", text: event.text };
  else if (event.type === "part") message.parts[event.part] = event.value;
  else if (event.type === "thinking_ended") message.parts.findLast((part) => part.type === "thinking" && part.ms === null).ms = event.ms;
  else if (event.type === "finished") Object.assign(message, { state: event.state, finish_reason: event.finish_reason, usage: event.usage, error: event.error });
}

function page(rows, query) {
  const limit = Number(query.get("limit") ?? 50);
  const start = Number(query.get("after") ?? 0);
  return { data: rows.slice(start, start + limit), next: start + limit < rows.length ? String(start + limit) : null };
}

const textOf = (parts) => parts.filter(({ type }) => type === "text" || type === "answer").map(({ text }) => text).join("\n\n");
const titleOf = (text) => text.replace(/```[\s\S]*?```/g, "").split("\n").find((line) => /[\p{L}\p{N}]/u.test(line))?.replace(/^#+\s*/, "").slice(0, 60) ?? "New chat";
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
