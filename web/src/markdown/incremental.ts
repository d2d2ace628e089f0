/**
 * Markdown that grows. Only the end of a streaming text can still change its meaning, so blocks that are complete keep
 * their tokens (and with them their place on the screen), and each new piece costs as much as the last blocks are long.
 */

import type { Token } from "marked";
import { lex } from "./lexer";

const OPEN_BLOCKS = 2; // the last block may grow; the one before may join it (a list and what follows it)

export class IncrementalLexer {
  private text = "";
  private done: Token[] = [];
  private doneLength = 0;

  /** The tokens of the whole text, of which the earlier ones are the same objects as before where they still hold. */
  grow(text: string): readonly Token[] {
    if (!text.startsWith(this.text)) this.reset();
    this.text = text;
    const tail = lex(text.slice(this.doneLength), false);
    const keep = firstOpen(tail);
    const closed = tail.slice(0, keep);
    const length = closed.reduce((sum, token) => sum + token.raw.length, 0);
    // The lexer normalizes line ends and tabs: only where the tokens spell the source may it be cut between them.
    if (closed.map((token) => token.raw).join("") === text.slice(this.doneLength, this.doneLength + length)) {
      this.done = [...this.done, ...closed];
      this.doneLength += length;
      return [...this.done, ...tail.slice(keep)];
    }
    return [...this.done, ...tail];
  }

  /** The tokens of a text that is complete: references may point forward, so it is read once as a whole. */
  finish(text: string): readonly Token[] {
    this.reset();
    return lex(text);
  }

  private reset(): void {
    this.text = "";
    this.done = [];
    this.doneLength = 0;
  }
}

function firstOpen(tokens: readonly Token[]): number {
  let open = 0;
  for (let at = tokens.length - 1; at >= 0; at -= 1) {
    if (tokens[at]?.type !== "space") open += 1;
    if (open >= OPEN_BLOCKS) return at;
  }
  return 0;
}
