/** Names a chat after its first answer: the model is asked once for a title, while nothing else is asked of it. */

import { streamChat, type ChatMessage, type Fetch } from "../api/chat";
import type { Access } from "./access";
import { ancestors } from "./branches";
import type { Library } from "./library";
import type { ModelMonitor } from "./model";
import type { Message } from "./records";
import type { SettingsStore } from "./settings";
import { titleFrom, titleOf, TITLE_REQUEST } from "./titles";

const MAX_TOKENS = 32; // of a title

export interface NamingParts {
  readonly access: Access;
  readonly fetch: Fetch;
  readonly library: Library;
  readonly model: ModelMonitor;
  readonly settings: SettingsStore;
}

export class Naming {
  private asking = new AbortController();

  constructor(private readonly parts: NamingParts) {}

  /** An answer is about to be asked for: it comes first. */
  stop(): void {
    this.asking.abort();
  }

  /** Replaces the first words of a chat, its title so far, where `answer` is its first. Fails without a word. */
  async name(answer: Message): Promise<void> {
    const { library } = this.parts;
    const thread = library.thread(answer.conversation).peek();
    const title = library.conversation(answer.conversation)?.title;
    const path = ancestors(thread, answer.id);
    const [question] = path;
    if (path.length !== 2 || !question || title !== titleOf(question.text)) return;
    if (thread.filter((message) => message.peek().role === "assistant").length > 1) return;
    this.asking = new AbortController();
    try {
      const written = titleFrom(await this.ask(question, answer, this.asking.signal));
      if (written !== null && library.conversation(answer.conversation)?.title === title) library.rename(answer.conversation, written);
    } catch {
      // refused, interrupted, or the connection is gone: the first words remain
    }
  }

  private async ask(question: Message, answer: Message, signal: AbortSignal): Promise<string> {
    const { access, fetch, model, settings } = this.parts;
    const { systemPrompt } = settings.current.peek();
    const system: ChatMessage[] = systemPrompt.trim() ? [{ role: "system", content: systemPrompt }] : [];
    const messages: ChatMessage[] = [
      ...system,
      { role: "user", content: question.text },
      { role: "assistant", content: answer.text },
      { role: "user", content: TITLE_REQUEST },
    ];
    const thinking = model.state.peek().capabilities.thinking ? false : null;
    const request = { messages, thinking, temperature: 0, maxTokens: MAX_TOKENS };
    let text = "";
    for await (const event of streamChat(fetch, request, signal, access.key.peek())) {
      if (event.type === "answer") text += event.text;
      if (event.type === "finish" && event.reason !== "stop") return ""; // cut off: half a title is none
    }
    return text;
  }
}
