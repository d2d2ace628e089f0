/**
 * Answers in the making: waits for the model, streams into a message, keeps what has come.
 *
 * Tokens reach the screen in frames and the storage in larger steps; whatever ends an answer (its end, the stop button,
 * an error, the page closing) saves it at once. So a reload loses at most what came in the last save interval.
 */

import { signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { streamChat, type ChatEvent, type ChatMessage, type ChatRequest, type Fetch } from "../api/chat";
import { ApiError, ConnectionLost } from "../api/errors";
import type { Access } from "./access";
import { ancestors } from "./branches";
import type { Clock, Library } from "./library";
import type { ModelMonitor } from "./model";
import { ModelFailed } from "./model";
import { Naming } from "./naming";
import type { Message } from "./records";
import type { SettingsStore } from "./settings";
import { t } from "../i18n";

export const FRAME_MS = 40;
export const SAVE_MS = 1000;
/** A streaming message whose tab has not written for so long has lost its tab. */
export const STALE_MS = 15_000;

interface Running {
  readonly message: Signal<Message>;
  readonly draft: Draft;
  readonly abort: AbortController;
}

export interface AnswerParts {
  readonly access: Access;
  readonly clock: Clock;
  readonly fetch: Fetch;
  readonly library: Library;
  readonly model: ModelMonitor;
  readonly settings: SettingsStore;
}

export class Answers {
  /** Ids of the conversations that are being answered in this tab. */
  readonly active: ReadonlySignal<ReadonlySet<string>>;
  private readonly activeSignal = signal<ReadonlySet<string>>(new Set());
  private readonly running = new Map<string, Running>();
  private readonly naming: Naming;

  constructor(private readonly parts: AnswerParts) {
    this.naming = new Naming(parts);
    this.active = this.activeSignal;
  }

  /** Adds the reader's message below `parent` and answers it. Returns both ids, question first. */
  ask(conversation: string, parent: string | null, text: string): [string, string] {
    const question = this.parts.library.add({ ...blank(conversation, parent), role: "user", text, status: "done" });
    return [question.value.id, this.answer(conversation, question.value.id)];
  }

  /** Answers the message `parent` (again): the new answer becomes a sibling of the others. Returns its id. */
  answer(conversation: string, parent: string): string {
    const { library, model, settings } = this.parts;
    const { capabilities, model: name } = model.state.value;
    const message = library.add({ ...blank(conversation, parent), owner: library.tab, model: name || null });
    const thinking = capabilities.thinking ? settings.current.value.thinking : null;
    void this.run(message, thinking);
    return message.value.id;
  }

  /** Goes on where a partial answer ended. */
  continue(message: Signal<Message>): void {
    const { library } = this.parts;
    library.update(message, { status: "waiting", owner: library.tab, error: null, remedy: null, finish: null });
    void this.run(message, this.parts.model.state.value.capabilities.thinking ? message.value.thinking !== "" : null);
  }

  stop(conversation: string): void {
    this.running.get(conversation)?.abort.abort(new Stopped("stopped"));
  }

  /** The page is going away: keep what has come, marked as interrupted. */
  onPageHide(): void {
    for (const { message, draft, abort } of this.running.values()) {
      this.end(message, { ...draft.whole(), status: "interrupted" });
      abort.abort(new Stopped("interrupted"));
    }
  }

  private async run(message: Signal<Message>, thinking: boolean | null): Promise<void> {
    const { conversation } = message.value;
    this.stop(conversation);
    this.naming.stop();
    const draft = new Draft(message.value, this.parts.clock);
    const running: Running = { message, draft, abort: new AbortController() };
    this.running.set(conversation, running);
    this.publish();
    const stopShowing = this.show(running);
    try {
      await this.parts.model.untilReady(running.abort.signal);
      for await (const event of this.events(message, thinking, running.abort.signal)) draft.take(event);
      stopShowing();
      this.end(message, { ...draft.whole(), status: draft.finish === "cancelled" ? "stopped" : "done" });
      if (draft.finish === "stop" && message.value.text) void this.naming.name(message.value);
    } catch (error) {
      stopShowing();
      this.end(message, { ...draft.whole(), ...ending(running.abort.signal.aborted ? running.abort.signal.reason : error) });
      if (error instanceof ConnectionLost) void this.parts.model.refresh();
    } finally {
      if (this.running.get(conversation) === running) this.running.delete(conversation);
      this.publish();
    }
  }

  /** The events of one answer. Where the server asks for a key, it waits for one and sends the same again. */
  private async *events(message: Signal<Message>, thinking: boolean | null, signal: AbortSignal): AsyncGenerator<ChatEvent> {
    const { access, fetch, library, model } = this.parts;
    for (;;) {
      const key = access.key.value;
      library.update(message, { status: "streaming", model: model.state.value.model || null });
      try {
        return yield* streamChat(fetch, this.request(message.value, thinking), signal, key);
      } catch (error) {
        if (!(error instanceof ApiError && error.status === 401)) throw error;
        library.update(message, { status: "waiting" });
        await access.another(key, signal);
      }
    }
  }

  /** Shows and saves the draft at intervals; call the result to stop. */
  private show({ message, draft }: Running): () => void {
    const { library } = this.parts;
    const frames = setInterval(() => {
      if (draft.changed()) library.update(message, draft.shown());
    }, FRAME_MS);
    const saves = setInterval(() => {
      library.update(message, {}); // a fresh date tells other tabs that this one is alive
      library.save(message);
    }, SAVE_MS);
    return () => {
      clearInterval(frames);
      clearInterval(saves);
    };
  }

  private end(message: Signal<Message>, change: Partial<Message>): void {
    this.parts.library.update(message, { ...change, owner: null });
    this.parts.library.save(message);
  }

  private publish(): void {
    this.activeSignal.value = new Set(this.running.keys());
  }

  private request(message: Message, thinking: boolean | null): ChatRequest {
    const { systemPrompt, temperature, maxTokens } = this.parts.settings.current.value;
    const before = ancestors(this.parts.library.thread(message.conversation).value, message.parent);
    const system: ChatMessage[] = systemPrompt.trim() ? [{ role: "system", content: systemPrompt }] : [];
    return {
      messages: [...system, ...before.filter(hasText).map(toChatMessage), ...prefixOf(message)],
      thinking,
      temperature,
      maxTokens,
    };
  }
}

/** Why an answer ended before its time, as the abort signal's reason. */
class Stopped extends Error {
  constructor(readonly status: "stopped" | "interrupted") {
    super(status);
  }
}

/** What has come of an answer so far. */
class Draft {
  finish: string | null = null;
  private text: string;
  private thinking: string;
  private thinkingMs: number | null;
  private thinkingSince: number | null = null;
  private firstToken: number | null = null;
  private lastToken = 0;
  private usage: Message["usage"] = null;
  private fresh = false;

  constructor(
    message: Message,
    private readonly clock: Clock,
  ) {
    this.text = message.text;
    this.thinking = message.thinking;
    this.thinkingMs = message.thinkingMs;
  }

  take(event: ChatEvent): void {
    this.fresh = true;
    if (event.type === "finish") this.finish = event.reason;
    else if (event.type === "usage") this.usage = event.usage;
    else this.token(event.type, event.text);
  }

  private token(type: "thinking" | "answer", text: string): void {
    this.lastToken = this.clock.now();
    this.firstToken ??= this.lastToken;
    if (type === "thinking") {
      this.thinkingSince ??= this.lastToken;
      this.thinking += text;
    } else {
      this.endThinking();
      this.text += text;
    }
  }

  private endThinking(): void {
    if (this.thinkingSince === null) return;
    this.thinkingMs = (this.thinkingMs ?? 0) + this.clock.now() - this.thinkingSince;
    this.thinkingSince = null;
  }

  changed(): boolean {
    const { fresh } = this;
    this.fresh = false;
    return fresh;
  }

  shown(): Partial<Message> {
    const { text, thinking, thinkingSince, thinkingMs } = this;
    return { text, thinking, thinkingSince, thinkingMs };
  }

  whole(): Partial<Message> {
    this.endThinking();
    const seconds = (this.lastToken - (this.firstToken ?? 0)) / 1000;
    const tokens = (this.usage?.completionTokens ?? 0) - 1; // the first token starts the clock
    return {
      ...this.shown(),
      finish: this.finish,
      usage: this.usage,
      tokensPerSecond: seconds > 0 && tokens > 0 ? tokens / seconds : null,
    };
  }
}

function ending(reason: unknown): Partial<Message> {
  if (reason instanceof Stopped) return { status: reason.status };
  if (reason instanceof ConnectionLost) return { status: "interrupted", error: reason.message, remedy: t("errors.checkRunning") };
  if (reason instanceof ApiError || reason instanceof ModelFailed) {
    return { status: "failed", error: reason.message, remedy: reason.remedy };
  }
  return { status: "failed", error: reason instanceof Error ? reason.message : String(reason), remedy: null };
}

function blank(conversation: string, parent: string | null): Omit<Message, "id" | "created" | "updated"> {
  return {
    conversation,
    parent,
    role: "assistant",
    text: "",
    thinking: "",
    thinkingSince: null,
    thinkingMs: null,
    status: "waiting",
    owner: null,
    model: null,
    finish: null,
    usage: null,
    tokensPerSecond: null,
    error: null,
    remedy: null,
  };
}

function hasText(message: Message): boolean {
  return message.text !== "";
}

function toChatMessage(message: Message): ChatMessage {
  return { role: message.role, content: message.text };
}

/** A partial answer, to be continued. */
function prefixOf({ text, thinking }: Message): ChatMessage[] {
  if (!text) return [];
  return [{ role: "assistant", content: text, prefix: true, ...(thinking ? { reasoning_content: thinking } : {}) }];
}

/** The status to show: a message that claims to stream, but whose tab is gone, was interrupted. */
export function shownStatus(message: Message, tab: string, now: number): Message["status"] {
  const claims = message.status === "streaming" || message.status === "waiting";
  return claims && message.owner !== tab && now - message.updated > STALE_MS ? "interrupted" : message.status;
}
