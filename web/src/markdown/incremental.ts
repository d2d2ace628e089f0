/**
 * Markdown that grows. Only the end of a streaming text can still change its meaning, so blocks that are complete keep
 * their tokens (and with them their place on the screen), and each new piece costs as much as the last blocks are long.
 */

import type { Token, Tokens } from "marked";
import { lex, type Links } from "./lexer";

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

  /** How much of a text has been read already: all that it has in common with the last one, or nothing. */
  covered(text: string): number {
    return text.startsWith(this.text) ? this.text.length : 0;
  }

  /**
   * The tokens of a text that is complete. Only its end is read again, and, as references may point forward, the blocks
   * that may hold one where links are defined.
   */
  finish(text: string): readonly Token[] {
    if (!text.startsWith(this.text)) this.reset();
    this.text = text;
    const earlier = this.done;
    const tail = lex(text.slice(this.doneLength));
    if (earlier.length === 0) return tail; // read as a whole, references and all
    const links = definitions([...earlier, ...tail]);
    if (links === null) return [...earlier, ...tail];
    return [...earlier, ...tail].flatMap((token) => (/\[[^\]]/.test(token.raw) && token.type !== "code" ? lex(token.raw, true, links) : [token]));
  }

  private reset(): void {
    this.text = "";
    this.done = [];
    this.doneLength = 0;
  }
}

/** The links that a text defines; null where it defines none. Of two with one label, the first counts. */
function definitions(tokens: readonly Token[]): Links | null {
  const defined = tokens.filter((token): token is Tokens.Def => token.type === "def");
  if (defined.length === 0) return null;
  return Object.fromEntries(defined.toReversed().map(({ tag, href, title }) => [tag, { href, title }]));
}

function firstOpen(tokens: readonly Token[]): number {
  let open = 0;
  for (let at = tokens.length - 1; at >= 0; at -= 1) {
    if (tokens[at]?.type !== "space") open += 1;
    if (open >= OPEN_BLOCKS) return at;
  }
  return 0;
}
